/** Sentences about what is cut, lies on another, or is wider than the page. */
() => {
  const page = document.scrollingElement, faults = [];
  const top = document.querySelector("dialog[open], .modal.show") ?? document.body;
  const CONTROLS = "button, a[href], select, input, textarea, summary, [role=tab]";
  const ON_THE_STAGE = ".mri-top, .mri-legend > span, .mri-readout, .mri-stage-note";
  const name = (node) => `${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""}.${node.className} “${(node.textContent || node.value || "").trim().slice(0, 24)}”`;
  const clips = (style, axis) => style[`overflow${axis}`] !== "visible";

  /** What is left of a box after all that cuts it; `isScrolled`: what is missing can be scrolled to. */
  function seen(node, box) {
    let { left, right, top, bottom } = box, isScrolled = false;
    for (let each = node; each && each !== document.body; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (clips(style, "X") || clips(style, "Y")) {
        const frame = each.getBoundingClientRect();
        if (each !== node || style.display !== "inline") {
          if (clips(style, "X") && (frame.left > left + 1.5 || frame.right < right - 1.5)) isScrolled ||= /auto|scroll/.test(style.overflowX);
          if (clips(style, "Y") && (frame.top > top + 1.5 || frame.bottom < bottom - 1.5)) isScrolled ||= /auto|scroll/.test(style.overflowY);
          [left, right] = clips(style, "X") ? [Math.max(left, frame.left), Math.min(right, frame.right)] : [left, right];
          [top, bottom] = clips(style, "Y") ? [Math.max(top, frame.top), Math.min(bottom, frame.bottom)] : [top, bottom];
        }
      }
      if (style.position === "fixed") break;
    }
    return { left, right, top, bottom, isScrolled, isThere: right - left > 1 && bottom - top > 1 };
  }
  const isFixed = (node) => { for (; node; node = node.parentElement) if (/fixed|sticky/.test(getComputedStyle(node).position)) return node; return null; };

  if (page.scrollWidth > page.clientWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter((node) => node.getBoundingClientRect().right > page.clientWidth + 1 && node.checkVisibility() && seen(node, node.getBoundingClientRect()).right > page.clientWidth + 1).at(-1);
    faults.push(`the page is ${page.scrollWidth} px wide: ${wide ? name(wide) : "?"}`);
  }
  page.scrollLeft = 100;
  if (page.scrollLeft) faults.push(`the page scrolls sideways by ${page.scrollLeft} px`);
  page.scrollLeft = 0;

  const boxes = [];
  for (const node of top.querySelectorAll(`${CONTROLS}, ${ON_THE_STAGE}`)) {
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || node.closest(".visually-hidden, .mri-skip, .js-plotly-plot, .sessions-table thead")) continue;
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const left = seen(node.parentElement, box);
    if (!left.isThere) {
      if (!node.matches(".mri-top") && !left.isScrolled && !node.closest("[hidden]")) faults.push(`out of sight: ${name(node)}`);
      continue;
    }
    const isCut = left.left > box.left + 1.5 || left.right < box.right - 1.5 || left.top > box.top + 1.5 || left.bottom < box.bottom - 1.5;
    if (isCut && !left.isScrolled) faults.push(`cut: ${name(node)}`);
    if (box.left < -1 || box.right > page.clientWidth + 1) {
      if (!left.isScrolled) faults.push(`outside of the window: ${name(node)}`);
    }
    const text = document.createRange();
    text.selectNodeContents(node);
    for (const line of /SELECT|INPUT|TEXTAREA/.test(node.tagName) ? [] : text.getClientRects()) {
      const rest = seen(text.startContainer, line);
      if (!rest.isScrolled && line.width && (rest.left > line.left + 1.5 || rest.right < line.right - 1.5 || rest.top > line.top + 4 || rest.bottom < line.bottom - 4)) {
        faults.push(`its words are cut: ${name(node)}`);
        break;
      }
    }
    boxes.push({ node, layer: isFixed(node), ...left });
  }
  boxes.forEach((one, i) => boxes.slice(i + 1).forEach((other) => {
    const [x, y] = [["left", "right"], ["top", "bottom"]].map(([from, to]) => Math.min(one[to], other[to]) - Math.max(one[from], other[from]));
    if (x > 1.5 && y > 1.5 && one.layer === other.layer && !one.node.contains(other.node) && !other.node.contains(one.node)
        && !one.node.closest(".mri-menu-list") && !other.node.closest(".mri-menu-list") && other.node.htmlFor === undefined)
      faults.push(`${name(one.node)} lies on ${name(other.node)} by ${Math.round(x)} × ${Math.round(y)} px`);
  }));

  for (const line of document.querySelectorAll(".mri-sentence-line"))
    if (line.checkVisibility() && line.scrollHeight > line.clientHeight + 1) faults.push(`the sentence is cut: ${line.scrollHeight} of ${line.clientHeight} px`);
  for (const view of top.querySelectorAll(".mri-centre .mri-view"))
    if (view.checkVisibility() && view.clientHeight < 200) faults.push(`the picture is ${view.clientHeight} px high`);
  return faults; }
