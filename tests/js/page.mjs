/** A page in memory, for tests: a fresh document with its window, whose sizes, frames and server a test moves by hand.
 *  Import it first: what a module makes when it is read is then of this kind, too. */

import { mock } from "node:test";

import { Window } from "happy-dom";

const OWN = [
  "document Node Element HTMLElement HTMLParagraphElement HTMLTableCellElement SVGElement NodeFilter Text DOMRect MutationObserver",
  "Event CustomEvent MouseEvent KeyboardEvent PointerEvent PopStateEvent history location navigator localStorage sessionStorage",
  "getComputedStyle matchMedia addEventListener removeEventListener dispatchEvent scrollTo innerWidth innerHeight scrollX scrollY devicePixelRatio",
]
  .join(" ")
  .split(" ");

globalThis.EventTarget = new Window().EventTarget;

const later = setTimeout; // of real time, also where a test moves timers by hand

/** Whoever has asked a fake server has his answer. */
export const settled = () => new Promise((done) => later(done));

function ariaCurrentOf() {
  return this.getAttribute("aria-current");
}

/** Sees nothing by itself: `page.resized()` tells all of them. */
class Watcher {
  static all = new Set();
  constructor(callback) {
    this.callback = callback;
    Watcher.all.add(this);
  }
  observe() {}
  unobserve() {}
  disconnect() {
    Watcher.all.delete(this);
  }
}

/** @type {((now: number) => void)[]} of every page: desk/frames.mjs, too, is one for all of them */
const waiting = [];

/** From now on modules find this document, and a `window` that is the global object, as in a browser.
 *  @param {string} [body] its markup
 *  @param {string} [address] */
export function freshPage(body = "", address = "/") {
  const own = new Window({ url: `http://localhost${address}`, width: 1280, height: 800 });
  own.document.body.innerHTML = body;
  for (const name of OWN) {
    const get = () => (/^[a-z]/.test(name) && typeof own[name] === "function" ? own[name].bind(own) : own[name]);
    Object.defineProperty(globalThis, name, { get, set: (value) => (own[name] = value), configurable: true });
  }
  Watcher.all.clear();
  const ariaCurrent = { get: ariaCurrentOf, configurable: true }; // a browser has it
  Object.defineProperty(own.HTMLElement.prototype, "ariaCurrent", ariaCurrent);
  const props = [];
  Object.assign(globalThis, {
    window: globalThis,
    ResizeObserver: Watcher,
    IntersectionObserver: Watcher,
    requestAnimationFrame: (callback) => waiting.push(callback),
    Option: function (text, value) {
      return Object.assign(own.document.createElement("option"), { text, value });
    },
    dash_clientside: { set_props: (id, values) => props.push([id, values]) },
  });
  return {
    /** What Dash was told: [id, values]. */
    props,
    /** @param {number} [now] ms */
    frame(now = performance.now()) {
      for (const callback of waiting.splice(0)) callback(now);
    },
    resized() {
      for (const { callback } of [...Watcher.all]) callback([]);
    },
    numWatchers: () => Watcher.all.size,
  };
}

/** @param {string} selector
 *  @returns {any} the first one in the document */
export const find = (selector) => document.querySelector(selector);

/** @param {string} selector
 *  @param {any} [root]
 *  @returns {string[]} text of all of them */
export const texts = (selector, root = document) => [...root.querySelectorAll(selector)].map((each) => each.textContent);

/** @param {any} target
 *  @param {string} name of an event that bubbles
 *  @param {object} [fields] of it
 *  @returns {any} the event */
export function fire(target, name, fields = {}) {
  const event = Object.assign(new Event(name, { bubbles: true, cancelable: true }), fields);
  target.dispatchEvent(event);
  return event;
}

/** Give an element a place on the screen, CSS pixels.
 *  @param {any} element */
export function placed(element, left, top, width, height) {
  const box = { x: left, y: top, left, top, width, height, right: left + width, bottom: top + height };
  element.getBoundingClientRect = () => box;
  element.getClientRects = () => [box];
  const sizes = { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height, clientWidth: width, clientHeight: height };
  for (const [name, value] of Object.entries(sizes)) Object.defineProperty(element, name, { value, configurable: true });
  return element;
}

/** A server.
 *  @param {(address: string, options: any) => any} answer JSON, a Response, or a throw: it is not there
 *  @returns {string[]} addresses that are asked for from now on */
export function served(answer) {
  const asked = [];
  globalThis.fetch = async (address, options = {}) => {
    asked.push(String(address));
    const found = await answer(String(address), options);
    options.signal?.throwIfAborted();
    return found instanceof Response ? found : Response.json(found);
  };
  return asked;
}

/** 2-D canvases that note what is drawn on them.
 *  @returns {any[][]} [what, ...arguments] of each call, in order, with `fillStyle` and `strokeStyle` where they are set */
export function inkOnCanvases() {
  const ink = [];
  const context = new Proxy(
    {},
    {
      get: (fields, name) => {
        if (name in fields) return fields[name];
        return (...given) => {
          ink.push([name, ...given]);
          return { addColorStop() {} };
        };
      },
      set: (fields, name, value) => {
        fields[name] = value;
        if (/Style$/.test(String(name))) ink.push([name, value]);
        return true;
      },
    },
  );
  document.createElement("canvas").constructor.prototype.getContext = (kind) => (kind === "2d" ? context : null);
  return ink;
}

/** All that is on its way in a page with the clock of `mock.timers` came, was drawn and is in the address.
 *  @param {ReturnType<typeof freshPage>} page */
export async function allShown(page) {
  for (let i = 0; i < 4; i++) {
    await settled();
    page.frame();
  }
  mock.timers.tick(500);
  await settled();
}
