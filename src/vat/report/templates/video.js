"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const player = document.getElementById("player");
const list = document.getElementById("looks");
const names = Object.keys(data.tracks);
const made = (tag, facts = {}, ...parts) => {
  const found = Object.assign(document.createElement(tag), facts);
  found.append(...parts);
  return found;
};
const clock = (seconds, point) => {
  const all = Math.round(seconds * 1000);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  return `${two(all / 3600000)}:${two((all / 60000) % 60)}:${two((all / 1000) % 60)}${point}${String(all % 1000).padStart(3, "0")}`;
};

const tracks = {};
const changed = new Set();
for (const name of names) {
  const track = player.addTextTrack("subtitles", name, data.languages[name]);
  tracks[name] = data.tracks[name].map(([start, end, text]) => {
    const cue = new VTTCue(start, end, "");
    // The text is shown as it is: its signs are no markup.
    cue.text = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    track.addCue(cue);
    return cue;
  });
  track.mode = name === names[names.length - 1] ? "showing" : "disabled";
}

const edit = (name, at, field) => {
  // An empty line would end the subtitle in the file.
  const text = field.value.split("\n").filter((line) => line.trim()).join("\n");
  data.tracks[name][at][2] = text;
  tracks[name][at].text = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  field.classList.add("changed");
  changed.add(name);
};

const play = (look) => {
  player.currentTime = Math.max(0, look.start - 0.3);
  player.play().catch((error) => { document.getElementById("said").textContent = error.message; });
};

const rows = data.looks.map((look) => {
  const button = made("button", { type: "button", className: "play" }, `▶ ${clock(look.start, ".")}`);
  button.addEventListener("click", () => play(look));
  const why = made("span", { className: "why" });
  why.append(made("bdi", {}, look.reasons.join("; ")));
  const cells = made("div", { className: "cells" });
  for (const name of names) {
    for (const at of look.cues[name] || []) {
      const field = made("textarea", { rows: 2, dir: "auto", lang: data.languages[name] });
      field.value = data.tracks[name][at][2];
      field.addEventListener("input", () => edit(name, at, field));
      cells.append(made("label", {}, name, field));
    }
  }
  if (look.restore) {
    cells.append(made("div", {}, "To put it back: ", made("code", {}, `--config 'quarantine={restore: [${look.restore}]}'`)));
  }
  const row = made("section", { className: "look", tabIndex: -1 }, button, " ", why, cells);
  row.look = look;
  return row;
});

const arrange = (order) => {
  const sorted = [...rows];
  if (order === "risk") sorted.sort((a, b) => b.look.risk - a.look.risk || a.look.start - b.look.start);
  list.replaceChildren(...sorted);
};
document.getElementById("order").addEventListener("change", (event) => arrange(event.target.value));
arrange("risk");

const go = (step) => {
  const all = [...list.children];
  const now = all.findIndex((row) => row.classList.contains("current"));
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))];
  if (!next) return;
  all[now]?.classList.remove("current");
  next.classList.add("current");
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("button").focus({ preventScroll: true });
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") { document.activeElement.blur(); return; }
  if (["TEXTAREA", "SELECT"].includes(document.activeElement.tagName)) return;
  const current = list.querySelector(".current");
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "p" && current) play(current.look);
  else if (event.key === "e" && current) current.querySelector("textarea")?.focus();
  else return;
  event.preventDefault();
});

const srt = (name) => data.tracks[name].filter(([, , text]) => text)
  .map(([start, end, text], at) => `${at + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${text}\n\n`).join("");
for (const name of names) {
  const button = made("button", { type: "button", id: `save-${name}` }, `Save ${name}.srt`);
  button.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([srt(name)], { type: "text/plain" }));
    made("a", { href: url, download: `${name}.srt` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    changed.delete(name);
    document.getElementById("said").textContent = `Put ${name}.srt into edits/${data.video}/ and run the same command.`;
  });
  document.getElementById("saves").append(button, " ");
}
addEventListener("beforeunload", (event) => { if (changed.size) event.preventDefault(); });
