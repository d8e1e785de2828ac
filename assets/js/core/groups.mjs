/**
 * Groups of neurons, made on the Neurons page, as colours of the stage: what their name says, which group a neuron is in.
 *
 * Knows names, addresses and labels. Refuses to know the page, the network and canvas. Pure.
 */

/** What a name looks like in an address: method:groups:span:scope:seed:hook point. */
export const GROUPS_PATTERN = /^(kmeans|ward):(auto|[2-9]|1[0-2]):(point|blocks):(session|weights):\d{1,6}:[\w.-]{1,200}$/;

/** @param {string} name
 *  @returns {string} hook point that the groups were made from */
export function pointOfGroups(name) {
  return name.split(":")[5];
}

/** @param {string} session
 *  @param {string} name
 *  @returns {string} where the server says which neuron is in which group */
export function groupsAddress(session, name) {
  const [method, groups, span, scope, seed, point] = name.split(":");
  return `/neurons/groups?${new URLSearchParams({ session, point, span, scope, method, groups, seed })}`;
}

/** Which group every neuron is in, with the groups' colours. As JSON it is its name. */
export class Groups {
  /** @param {string} name
   *  @param {{labels: Record<string, number[]>, n_groups: number}} answer of the server: hook point -> group from 0, −1: none
   *  @param {{dark: string[], none: string}} colours of scales.json: the stage is dark in both themes */
  constructor(name, { labels, n_groups: numGroups }, { dark, none }) {
    this.name = name;
    this.labels = labels;
    this.colours = [...dark.slice(0, numGroups), none]; // the last is that of neurons in no group
  }

  toJSON() {
    return this.name;
  }

  /** @param {readonly string[]} keys hook points
   *  @returns {boolean} whether one of them was grouped */
  has(keys) {
    return keys.some((key) => key in this.labels);
  }

  /** @param {string} key
   *  @param {number} neuron
   *  @returns {number} place of its colour */
  of(key, neuron) {
    const label = this.labels[key]?.[neuron] ?? -1;
    return label < 0 ? this.colours.length - 1 : label;
  }

  /** @param {string} key
   *  @param {number} neuron */
  words(key, neuron) {
    if (!(key in this.labels)) return "this hook point was not grouped";
    const place = this.of(key, neuron);
    return place === this.colours.length - 1 ? "in no group: captured too rarely" : `group ${place + 1}`;
  }
}
