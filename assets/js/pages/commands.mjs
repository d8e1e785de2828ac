/**
 * What each key's command does to clock, selection and page.
 *
 * Knows the commands of desk/keys.mjs. Refuses to know keys.
 */

import { plateKeys } from "../stage/plates.mjs";
import { showKeys } from "../shell/shell.mjs";

/** @param {import("../desk/keys.mjs").Command} command
 *  @param {object} on
 *  @param {import("../desk/player.mjs").Player} on.player
 *  @param {import("../core/layout.mjs").Layout} on.layout
 *  @param {Record<string, any>} on.view the selection
 *  @param {string} on.picture the one that is seen
 *  @param {(fields: Record<string, any>) => void} on.select
 *  @param {(point: string, neuron: number) => void} on.toggleWatch */
export function runCommand(command, { player, layout, view, picture, select, toggleWatch }) {
  if (command.name === "toggle") player.toggle();
  else if (command.name === "stepBy") player.stepBy(command.steps);
  else if (command.name === "stepByTenth") player.stepBy(command.tenths * Math.max(1, Math.round(player.numSteps / 10)));
  else if (command.name === "seekFirst") player.seek(0);
  else if (command.name === "seekLast") player.seek(player.lastStep);
  else if (command.name === "scaleSpeed") player.scaleSpeed(command.factor);
  else if (command.name === "moveLayer") select({ point: layerBeside(layout, view.point, command.layers) });
  else if (command.name === "nextHead") select({ head: (view.head + 1) % Math.max(1, layout.n_head), layer: view.layer });
  else if (command.name === "toggleWatch") toggleWatch(view.point, view.neuron);
  else if (command.name === "loopFrom") player.loopFrom(player.step);
  else if (command.name === "loopTo") player.loopTo(player.step);
  else if (command.name === "clearLoop") player.setLoop(null);
  else if (command.name === "follow") player.follow();
  else if (command.name === "focusPrompt") document.getElementById("record-open")?.click();
  else if (command.name === "togglePicture") select({ picture: picture === "tower" ? "flat" : "tower" });
  else if (command.name === "showKeys") showKeys();
}

/** @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} point
 *  @param {number} layers upwards
 *  @returns {string} hook point of the same family */
function layerBeside(layout, point, layers) {
  const keys = plateKeys(layout, point);
  return keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(point) + layers))];
}
