/** Sentences about text of Simple, or of the course, that lies on other text, is too small, or makes the page wide. */
() => {
  const texts = [], walker = document.createTreeWalker(document.querySelector(".mri-simple, .learn-course"), NodeFilter.SHOW_TEXT);
  const ELSEWHERE = "option, .simple-marks, .visually-hidden, .mri-tip, .simple-callouts";
  const seen = (box, host) => {
    if (getComputedStyle(host).overflowX === "visible") return box;
    const { left, right } = host.getBoundingClientRect(); // what is cut there is not seen
    return { left: Math.max(left, box.left), right: Math.min(right, box.right), top: box.top, bottom: box.bottom };
  };
  while (walker.nextNode()) {
    const node = walker.currentNode, host = node.parentElement;
    if (!node.textContent.trim() || !host.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || host.closest(ELSEWHERE)) continue;
    const bar = host.closest(".simple-steps");
    if (bar && getComputedStyle(bar).position === "fixed") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const size = parseFloat(getComputedStyle(host).fontSize);
    for (const box of range.getClientRects()) texts.push({ node, text: node.textContent.trim(), size, ...inset(seen(box, host)) });
  }
  function inset({ left, right, top, bottom }) { // a line is higher than its letters
    const by = 0.22 * (bottom - top);
    return { left, right, top: top + by, bottom: bottom - by };
  }
  const faults = texts.filter(({ size }) => size < 13).map(({ text, size }) => `“${text}” is ${size} px`);
  texts.forEach((one, i) => texts.slice(i + 1).forEach((other) => {
    const x = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const y = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    if (x > 1.5 && y > 1.5 && one.node !== other.node) faults.push(`“${one.text}” lies on “${other.text}” by ${Math.round(x)} × ${Math.round(y)} px`);
  }));
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [...faults, `the page is ${scrollWidth} px wide`] : faults;
}
