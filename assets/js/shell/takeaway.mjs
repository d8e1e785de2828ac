/**
 * Take it away: a panel as picture or table, the view as a link, the step as Python.
 *
 * Hears every menu of the page (mri/web/parts/takeaway.py) and fills the page's own. Knows menus, files and the clipboard; what
 * a page has to take away, it is told. The numbers are the server's.
 */

import { blobFromDataUrl } from "../core/takeaway.mjs";
import { escaped } from "../core/token_names.mjs";
import { linkTo } from "../desk/history.mjs";
import { keys } from "../desk/keys.mjs";
import { fetchText } from "../run/http.mjs";
import { el, openDialog } from "./dom.mjs";
import { plotOf } from "./plotly.mjs";
import { pictureOf } from "./picture.mjs";
import { showToast } from "./shell.mjs";

const TITLE_PX = 34;

export class TakeAway {
  #abort = new AbortController();
  #uncover = () => {};

  /** @param {HTMLElement|null} host of the page's own menu; null on a page without one
   *  @param {object} context
   *  @param {readonly (readonly [string, string, string])[]} context.parts of the page without a chart: name, kind of table, selector
   *  @param {(kind: string, extension: string) => string} context.nameOf a file
   *  @param {(isPart: boolean) => string} context.captionOf a picture: where and when
   *  @param {(kind: string) => string} context.csvOf a panel: address of its numbers
   *  @param {(() => string)|null} context.pythonOf address of what is shown as Python, null where there is none
   *  @param {() => string} context.linkNow search part of the address of what is shown now
   *  @param {() => void} context.paint paints everything, now
   *  @param {() => void} context.pause the clock stands while a menu is open */
  constructor(host, context) {
    this.context = context;
    const item = (/** @type {string} */ text, /** @type {string} */ take, of = "stage", label = text) =>
      el("button", { type: "button", "data-mri-take": take, "data-mri-of": of, "aria-label": label, text });
    const part = (/** @type {readonly string[]} */ [name, of]) =>
      el("div", { class: "mri-menu-row" }, el("span", { text: name }), item("PNG", "png", of, `${name}, PNG`), item("CSV", "csv", of, `${name}, CSV`));
    const copies = [item("Copy link", "link"), ...(context.pythonOf ? [item("Copy Python", "python")] : [])];
    const list = el("div", { class: "mri-menu-list" }, ...copies, el("hr"), ...context.parts.map(part));
    const title = `A link to this view, ${context.pythonOf ? "this step as Python, " : ""}the picture and its numbers`;
    host?.replaceChildren(el("details", { class: "mri-menu" }, el("summary", { class: "mri-menu-named", text: "Send", title }), list));
    const { signal } = this.#abort;
    document.addEventListener("click", (event) => this.#click(event), { signal });
    document.addEventListener("toggle", (event) => this.#toggled(/** @type {HTMLElement} */ (event.target)), { signal, capture: true });
  }

  close() {
    this.#abort.abort();
    this.#uncover();
  }

  /** @param {HTMLElement} target that was opened or closed */
  #toggled(target) {
    if (!target.matches(".mri-menu")) return;
    if (target.matches("[open]")) this.context.pause();
    this.#uncover();
    if (document.querySelector(".mri-menu[open]")) this.#uncover = keys.cover(() => closeMenus());
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const button = /** @type {HTMLElement|null} */ (target.closest("[data-mri-take]"));
    closeMenus(button ? null : target.closest(".mri-menu"));
    if (!button) return;
    const { mriTake: take, mriOf: of } = button.dataset;
    this.#take(/** @type {string} */ (take), /** @type {string} */ (of)).catch((error) => showToast(error.message, "error"));
  }

  /** @param {string} take what
   *  @param {string} of which panel */
  async #take(take, of) {
    const { parts, nameOf, captionOf, csvOf, pythonOf, linkNow } = this.context;
    const kind = of.replace(/^graph-/, "");
    if (take === "link") return copy(linkTo(linkNow()), "link");
    if (take === "python" && pythonOf) return copy(await fetchText(pythonOf()), "Python");
    if (take === "csv") return save(new Blob([await fetchText(csvOf(kind))], { type: "text/csv" }), nameOf(kind, "csv"));
    const part = parts.find(([, name]) => name === of)?.[2];
    if (!part) return save(blobFromDataUrl(await chartImage(of, take, captionOf(false))), nameOf(kind, take));
    this.context.paint();
    const canvas = pictureOf(/** @type {HTMLElement} */ (document.querySelector(part)), captionOf(true));
    save(await new Promise((resolve) => canvas.toBlob(/** @type {any} */ (resolve), "image/png")), nameOf(kind, "png"));
  }
}

/** A chart on its panel's ground, under its title.
 *  @param {string} id of the graph
 *  @param {string} format png or svg
 *  @param {string} where session and step
 *  @returns {Promise<string>} data URL */
async function chartImage(id, format, where) {
  const plot = plotOf(id);
  if (!plot) throw new Error("This chart is not drawn yet: wait a moment, then take it again.");
  const { width, height } = plot.getBoundingClientRect();
  const title = document.getElementById(`${id}-title`)?.textContent ?? "";
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--panel").trim();
  const margin = { ...plot.layout.margin, t: plot._fullLayout._size.t + TITLE_PX };
  const named = { text: escaped(`${title} · ${where}`), font: { size: 13 }, x: 0.02, y: 1, yanchor: "top", yref: "container", pad: { t: 10 } };
  const layout = { ...plot.layout, paper_bgcolor: ground, margin, title: named };
  const scale = format === "svg" ? 1 : Math.max(2, devicePixelRatio || 1);
  return window.Plotly.toImage({ data: plot.data, layout }, { format, width, height: height + TITLE_PX, scale });
}

/** Close every menu but one; a closed one gives the focus back to its button.
 *  @param {Element|null} [but]
 *  @returns {boolean} whether there was one to close */
function closeMenus(but = null) {
  const menus = [...document.querySelectorAll(".mri-menu[open]")].filter((menu) => menu !== but);
  for (const menu of menus) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
    menu.removeAttribute("open");
  }
  return menus.length > 0;
}

/** @param {Blob} blob
 *  @param {string} name */
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {string} text
 *  @param {string} what
 *  @returns {Promise<boolean>} whether it is in the clipboard; else it is shown, to be copied by hand */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    showToast(`Copied the ${what}.`);
    return true;
  } catch {
    showText(text, what);
    return false;
  }
}

/** For browsers that keep their clipboard to themselves: the text, selected.
 *  @param {string} text
 *  @param {string} what */
function showText(text, what) {
  const field = el("textarea", { readonly: true, rows: Math.min(16, text.split("\n").length + 1), class: "mri-copy", "aria-label": what });
  field.value = text;
  const form = el("form", { method: "dialog" }, el("button", { class: "mri-button", text: "Close" }));
  openDialog(
    { "aria-labelledby": "mri-copy-title" },
    el("h2", { id: "mri-copy-title", text: `Copy the ${what}` }),
    el("p", { class: "mri-muted", text: "This browser does not let the page copy: press Ctrl+C (on a Mac ⌘C)." }),
    field,
    form,
  );
  field.focus();
  field.select();
}
