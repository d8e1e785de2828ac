/** What is seen in colours that are none of the theme’s. */
(tokens) => {
  const root = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(document.createElement("i"));
  const known = new Map(tokens.map((name) => {
    probe.style.color = `var(--${name})`;
    return [getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).join(), name];
  }));
  probe.remove();
  const isKnown = (colour) => {
    if (colour.startsWith("color(")) return true; // a mix, which only our own style sheets make
    const [r, g, b, alpha = "1"] = colour.match(/[\d.]+/g);
    return Number(alpha) === 0 || known.has([r, g, b].join()); };
  const others = new Set();
  for (const node of document.body.querySelectorAll("*")) {
    // the film is dark in both themes, charts are drawn by Plotly's template, a widget's picture by its own scale
    if (!node.checkVisibility() || node.closest("svg, .mri-stage, .course-picture, .js-plotly-plot, .dash-graph, .lw-cells, .lw-map, .lw-triangle, .lw-scores, .mri-tokens, .modal-backdrop, .neurons-cards")) continue;
    const style = getComputedStyle(node);
    const isNative = node.matches("[type=range], [type=checkbox]:not(.form-check-input)"); // the browser draws them, in the accent colour
    const seen = { "background-color": !isNative, color: [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) || node.matches("input, select, textarea, progress"),
      "border-top-color": parseFloat(style.borderTopWidth) > 0, "border-left-color": parseFloat(style.borderLeftWidth) > 0, "border-bottom-color": parseFloat(style.borderBottomWidth) > 0,
      "accent-color": node.matches("progress") || isNative };
    for (const [name, isSeen] of Object.entries(seen))
      if (isSeen && !isKnown(style.getPropertyValue(name))) others.add(`${name} ${style.getPropertyValue(name)} of ${node.tagName.toLowerCase()}.${node.className}`);
    const shadow = style.boxShadow.match(/rgba?\([^)]*\)/g) ?? [];
    for (const colour of shadow) if (/13, 110, 253|134, 183, 254/.test(colour)) others.add(`shadow ${colour} of ${node.className}`);
  }
  return [...others]; }
