/**
 * A part of the page as one canvas: its canvases, the colours behind its tokens, its arcs and its words where they stand.
 *
 * Knows the DOM and 2-D drawing. Refuses to know what is shown.
 */

const LEFT_OUT = "button:not(.mri-token), label, select, input, .mri-tools, .mri-tip, .visually-hidden, .mri-readout, [hidden]";

/** Call it in the same task in which the canvases were painted: WebGL forgets its picture afterwards.
 *  @param {HTMLElement} host
 *  @param {string} caption a line under it
 *  @returns {HTMLCanvasElement} at device resolution */
export function pictureOf(host, caption) {
  const ratio = Math.max(1, devicePixelRatio || 1);
  const box = host.getBoundingClientRect();
  const captionPx = 24;
  const out = document.createElement("canvas");
  out.width = Math.round(box.width * ratio);
  out.height = Math.round((box.height + captionPx) * ratio);
  const ctx = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
  ctx.scale(ratio, ratio);
  const styles = getComputedStyle(host);
  ctx.fillStyle = styles.getPropertyValue(host.classList.contains("mri-stage") ? "--stage" : "--bg-high");
  ctx.fillRect(0, 0, box.width, box.height + captionPx);
  for (const canvas of host.querySelectorAll("canvas")) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    if (width && height && !canvas.closest(LEFT_OUT)) ctx.drawImage(canvas, left - box.left, top - box.top, width, height);
  }
  for (const token of host.querySelectorAll(".mri-token")) drawGround(ctx, /** @type {HTMLElement} */ (token), box);
  for (const path of host.querySelectorAll("svg path")) drawArc(ctx, /** @type {SVGPathElement} */ (path), box);
  ctx.textBaseline = "middle";
  const walker = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) drawWords(ctx, /** @type {Text} */ (walker.currentNode), box);
  ctx.font = `12px ${styles.fontFamily}`;
  ctx.fillStyle = styles.color;
  ctx.fillText(caption, 14, box.height + captionPx / 2 - 2);
  return out;
}

/** Whether it is seen, and not scrolled out of sight.
 *  @param {Element} element
 *  @param {DOMRect} place
 *  @param {DOMRect} box of the host */
function isInSight(element, place, box) {
  const frame = element.closest(".mri-list, .mri-tokens")?.getBoundingClientRect() ?? box;
  return place.width > 0 && place.top >= frame.top - 1 && place.bottom <= frame.bottom + 1;
}

/** What stands behind a token, and the line around the next one.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {HTMLElement} token
 *  @param {DOMRect} box of the host */
function drawGround(ctx, token, box) {
  const { backgroundColor, outlineStyle, outlineColor } = getComputedStyle(token);
  for (const place of token.getClientRects()) {
    if (!isInSight(token, place, box)) continue;
    ctx.beginPath();
    ctx.roundRect(place.left - box.left, place.top - box.top, place.width, place.height, 3);
    ctx.fillStyle = backgroundColor;
    ctx.fill();
    ctx.strokeStyle = outlineColor;
    if (outlineStyle !== "none") ctx.stroke();
  }
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {SVGPathElement} path
 *  @param {DOMRect} box of the host */
function drawArc(ctx, path, box) {
  const place = /** @type {SVGSVGElement} */ (path.ownerSVGElement).getBoundingClientRect();
  const { stroke, strokeWidth, opacity } = getComputedStyle(path);
  ctx.save();
  ctx.translate(place.left - box.left, place.top - box.top);
  ctx.strokeStyle = stroke;
  ctx.lineWidth = parseFloat(strokeWidth);
  ctx.globalAlpha = Number(opacity);
  ctx.stroke(new Path2D(path.getAttribute("d") ?? ""));
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {Text} node
 *  @param {DOMRect} box of the host */
function drawWords(ctx, node, box) {
  const parent = /** @type {HTMLElement} */ (node.parentElement);
  const words = (node.textContent ?? "").replace(/\s+/g, " ");
  if (!words.trim() || parent.closest(LEFT_OUT)) return;
  const range = document.createRange();
  range.selectNodeContents(node);
  const place = range.getBoundingClientRect();
  if (!isInSight(parent, place, box)) return;
  const { font, color, opacity } = getComputedStyle(parent);
  ctx.font = font;
  ctx.fillStyle = color;
  ctx.globalAlpha = Number(opacity);
  ctx.fillText(words.trim(), place.left - box.left, place.top - box.top + place.height / 2);
  ctx.globalAlpha = 1;
}
