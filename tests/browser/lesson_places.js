/* What is wrong with the moment that is shown, in sentences. `selector`: of its target, or null. */
(selector) => {
  const box = (e) => { const b = e.getBoundingClientRect(); return { left: b.left, top: b.top, right: b.right, bottom: b.bottom }; };
  const meet = (a, b) => ({ left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) });
  const isThere = (b) => b.right - b.left > 2 && b.bottom - b.top > 2;
  const holds = (a, b) => a.left <= b.left + 1 && a.top <= b.top + 1 && a.right >= b.right - 1 && a.bottom >= b.bottom - 1;
  const find = (s) => { const e = document.querySelector(s); return e && e.checkVisibility() && isThere(box(e)) ? e : null; };
  const [clock, stay] = [document.getElementById("mri-transport"), document.querySelector(".learn-stay")];
  const room = (e) => {
    let seen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    if (clock && getComputedStyle(clock).position === "fixed" && clock.checkVisibility() && !clock.contains(e)) seen.bottom = box(clock).top;
    if (stay && getComputedStyle(stay).position === "sticky" && box(stay).top <= 0 && !stay.contains(e)) seen.top = box(stay).bottom;
    for (let at = e; at && at !== document.body; at = at.parentElement) {
      const { overflowX, overflowY, display, position } = getComputedStyle(at);
      if (position === "fixed") break;
      if (at !== e && display !== "contents" && (overflowX !== "visible" || overflowY !== "visible")) seen = meet(seen, box(at));
    }
    return seen;
  };
  const wrong = [];
  const [ring, task, note] = [".learn-ring", ".learn-task", ".learn-note"].map(find);
  const target = selector && document.querySelector(selector);
  if (task && !holds(room(task), box(task))) wrong.push("the task is not in view whole");
  if (selector && (!target || !isThere(meet(box(target), room(target))))) return [...wrong, "the target is not in view"];
  if (!target) return wrong;
  const [whole, space, seen] = [box(target), room(target), meet(box(target), room(target))];
  const covers = (size, from, to) => seen[to] - seen[from] >= Math.min(whole[to] - whole[from], 0.85 * (space[to] - space[from])) - 2;
  if (!covers("height", "top", "bottom") || !covers("width", "left", "right")) wrong.push("of the target only a part is in view");
  const hit = document.elementFromPoint((seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2);
  if (target.tagName !== "COL" && !(hit && (target.contains(hit) || hit.contains(target)))) wrong.push(`${hit?.className} lies on the target`);
  if (note && isThere(meet(box(note), seen))) wrong.push("the note lies on the target");
  if (note && task && isThere(meet(box(note), box(task)))) wrong.push("the note lies on the task");
  if (!ring) return [...wrong, "there is no ring"];
  const around = box(ring);
  const within = { left: around.left + 2, top: around.top + 2, right: around.right - 2, bottom: around.bottom - 2 }; // its line is 2 pixels
  if (!holds(around, seen)) wrong.push("the ring does not enclose the target");
  if (!holds({ left: seen.left - 12, top: seen.top - 12, right: seen.right + 12, bottom: seen.bottom + 12 }, around)) wrong.push("the ring encloses more than the target");
  const texts = document.createTreeWalker(document.getElementById("learn"), NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.data.trim() || !text.parentElement.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const each of range.getClientRects()) {
      const word = meet(each, room(text.parentElement));
      const inner = { left: word.left + 1, top: word.top + 3, right: word.right - 1, bottom: word.bottom - 3 }; // without the line's own air
      if (isThere(inner) && isThere(meet(inner, around)) && !holds(within, inner)) wrong.push(`the ring runs through “${text.data.trim().slice(0, 30)}”`);
    }
  }
  return wrong;
}
