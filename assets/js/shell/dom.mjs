/**
 * Elements in one expression. Knows the DOM and nothing else.
 */

/** @param {string} tag
 *  @param {Record<string, any>} [attributes] `class`, `text`, `on` ({click: handler}); false and null leave one out
 *  @param {...(Node|string)} children
 *  @returns {any} the element */
export function el(tag, attributes = {}, ...children) {
  const node = put(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}

/** The same in SVG.
 *  @param {string} tag
 *  @param {Record<string, any>} [attributes]
 *  @param {...Element} children
 *  @returns {any} the element */
export function svg(tag, attributes = {}, ...children) {
  const node = put(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes);
  node.append(...children);
  return node;
}

/** @template {Element} T
 *  @param {T} node
 *  @param {Record<string, any>} attributes as of `el`
 *  @returns {T} */
export function put(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, /** @type {any} */ (handler));
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

/** A dialog over the page, gone once it is closed.
 *  @param {Record<string, any>} attributes of which `aria-labelledby` names its heading
 *  @param {...(Node|string)} children
 *  @returns {HTMLDialogElement} */
export function openDialog(attributes, ...children) {
  const dialog = el("dialog", { class: "mri-dialog", ...attributes }, ...children);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {(event?: any) => void} act when it is pressed
 *  @param {Record<string, any>} [attributes] as of `el`
 *  @param {...(Node|string)} children
 *  @returns {HTMLButtonElement} in the page's looks, unless another class is given */
export function button(act, attributes = {}, ...children) {
  return el("button", { type: "button", class: "mri-button", ...attributes, on: { click: act } }, ...children);
}

/** Give a canvas the device's pixels.
 *  @param {HTMLCanvasElement} canvas
 *  @param {number} width CSS pixels
 *  @param {number} height CSS pixels
 *  @returns {CanvasRenderingContext2D|null} scaled so that one unit is one CSS pixel; null where there is no canvas */
export function sized(canvas, width, height) {
  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return ctx;
}

/** Change what is not so already: no layout where nothing changed, and a screen reader hears news only.
 *  @param {Element} node
 *  @param {string|null} text null: left as it is
 *  @param {string} [classes] */
export function say(node, text, classes = node.className) {
  if (text !== null && node.textContent !== text) node.textContent = text;
  if (node.className !== classes) node.className = classes;
}

/** Other children in place of those that are there. If one of them had the focus, its like has it: what has the same words, else
 *  what stands in its place.
 *  @param {Element} host
 *  @param {...(Node|string)} children */
export function refill(host, ...children) {
  const controls = () => /** @type {HTMLElement[]} */ ([...host.querySelectorAll("button, a[href], input, select, [tabindex]")]);
  const wordsOf = (/** @type {HTMLElement} */ node) => node.getAttribute("aria-label") ?? node.textContent;
  const before = controls();
  const at = before.indexOf(/** @type {any} */ (document.activeElement));
  host.replaceChildren(...children);
  if (at < 0) return;
  const now = controls();
  const like = [now[at], ...now].find((each) => each && wordsOf(each) === wordsOf(before[at])) ?? now[Math.min(at, now.length - 1)];
  like?.focus({ preventScroll: true });
}
