"""Components as static HTML: names, empty elements, and no text or attribute that could become markup."""

from dash import dcc, html

from mri.web.postcard.markup import markup


def test_names_and_children():
    page = html.Div([html.Label("A", htmlFor="a"), None, html.Br()], className="c", tabIndex=0, hidden=True)
    assert markup(page) == '<div class="c" hidden tabindex="0"><label for="a">A</label><br></div>'


def test_what_is_said_is_escaped():
    assert markup(html.B("<i>&", title='"><script>')) == '<b title="&quot;&gt;&lt;script&gt;">&lt;i&gt;&amp;</b>'


def test_a_graph_is_its_place_and_a_store_nothing():
    graph = dcc.Graph(id="g", style={"height": "9px"})
    assert (
        markup([dcc.Store(id="s"), graph]) == '<div id="g" style="height: 9px"><div style="height: 100%"></div></div>'
    )
