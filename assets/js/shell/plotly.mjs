/** Where Plotly has drawn. Knows the element that Dash makes for a figure; nothing of what is drawn. */

/** Plotly's element inside a dcc.Graph, once it has drawn.
 *  @param {string} id
 *  @returns {any} */
export function plotOf(id) {
  const plot = /** @type {any} */ (document.querySelector(`#${id} .js-plotly-plot`));
  return plot?._fullLayout && plot.data?.length ? plot : null;
}
