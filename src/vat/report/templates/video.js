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

const said = (text) => { document.getElementById("said").textContent = text; };
const vtt = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

// Where `snakemake -- review` shows the page, it saves; a file can only be downloaded.
const server = location.protocol === "file:" ? null : new URL("../../", location.href);
const ask = async (path, body) => {
  const asked = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const reply = await fetch(new URL(path, server), asked);
  const told = await reply.json();
  if (!reply.ok) throw new Error(told.error);
  return told;
};

const tracks = {};
const changed = new Set();
const unsaved = {};
const fields = {};
const restored = new Set();
for (const name of names) {
  const track = player.addTextTrack("subtitles", name, data.languages[name]);
  tracks[name] = data.tracks[name].map(([start, end, text]) => {
    const cue = new VTTCue(start, end, "");
    // The text is shown as it is: its signs are no markup.
    cue.text = vtt(text);
    track.addCue(cue);
    return cue;
  });
  track.mode = name === names[names.length - 1] ? "showing" : "disabled";
}

const put = (name, at, text) => {
  data.tracks[name][at][2] = text;
  tracks[name][at].text = vtt(text);
  for (const field of fields[`${name} ${at}`] || []) field.classList.add("changed");
};
const edit = (name, at, field) => {
  // An empty line would end the subtitle in the file.
  put(name, at, field.value.split("\n").filter((line) => line.trim()).join("\n"));
  changed.add(name);
  (unsaved[name] ||= new Set()).add(at);
};

// Whatever is typed while one request is under way goes with the next.
let saving = Promise.resolve();
const save = (name) => {
  saving = saving.then(async () => {
    const places = [...(unsaved[name] || [])];
    if (!places.length) return;
    unsaved[name].clear();
    try {
      const told = await ask(`edits/${data.video}`, { track: name, changes: places.map((at) => data.tracks[name][at]) });
      if (!unsaved[name].size) changed.delete(name);
      said(`${told.said} The same command as before puts it into the video.`);
    } catch (error) {
      for (const at of places) unsaved[name].add(at);
      said(`Not saved: ${error.message}`);
    }
  });
  return saving;
};

const play = (look) => {
  player.currentTime = Math.max(0, look.start - 0.3);
  player.play().catch((error) => said(error.message));
};

// Words left out as invented come back with the next run.
const backs = {};
const show = (item) => {
  const back = restored.has(item);
  backs[item].setAttribute("aria-pressed", back);
  backs[item].textContent = back ? "Leave it out after all" : "Put it back";
};
const backer = (item) => {
  const button = made("button", { type: "button" });
  backs[item] = button;
  show(item);
  button.addEventListener("click", async () => {
    const back = !restored.has(item);
    if (back) restored.add(item); else restored.delete(item);
    show(item);
    if (!server) {
      changed.add("restore");
      restores.hidden = false;
      return;
    }
    try {
      said((await ask(`edits/${data.video}`, { restore: item, back })).said);
    } catch (error) {
      if (back) restored.delete(item); else restored.add(item);
      show(item);
      said(`Not saved: ${error.message}`);
    }
  });
  return made("div", {}, button);
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
      if (server) field.addEventListener("change", () => save(name));
      (fields[`${name} ${at}`] ||= []).push(field);
      const who = data.speakers?.[name]?.[at];
      cells.append(made("label", {}, name, ...(who ? [" ", made("bdi", { className: "who" }, who)] : []), field));
    }
  }
  if (look.restore) cells.append(backer(look.restore));
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
  spot = next.look.start;
  draw();
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
const download = (file, text) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  made("a", { href: url, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  said(`Put ${file} into edits/${data.video}/ and run the same command.`);
};
for (const name of names) {
  const button = made("button", { type: "button", id: `save-${name}` }, `Save ${name}.srt`);
  button.addEventListener("click", () => {
    if (server) { save(name); return; }
    download(`${name}.srt`, srt(name));
    changed.delete(name);
  });
  document.getElementById("saves").append(button, " ");
}
const restores = made("button", { type: "button", id: "save-restore", hidden: true }, "Save restore.txt");
restores.addEventListener("click", () => {
  download("restore.txt", [...restored].map((item) => `${item}\n`).join(""));
  changed.delete("restore");
});
document.getElementById("saves").append(restores);
addEventListener("beforeunload", (event) => { if (changed.size) event.preventDefault(); });

// The strip: how loud it is around the moment that is played, with the subtitles below.
const strip = document.getElementById("strip");
const shown = 30;
let loud = null;
// A place that was gone to and is not played yet.
let spot = null;
const hear = (told) => {
  if (!told) return;
  const bytes = Uint8Array.from(atob(told.values), (one) => one.charCodeAt(0));
  loud = { rate: told.rate, bytes };
  strip.hidden = false;
  draw();
};
const draw = () => {
  if (!loud) return;
  const pen = strip.getContext("2d");
  const style = getComputedStyle(strip);
  const [ink, mark] = [style.color, style.accentColor === "auto" ? style.outlineColor : style.accentColor];
  const width = strip.width = strip.clientWidth * devicePixelRatio;
  const height = strip.height = strip.clientHeight * devicePixelRatio;
  const now = spot ?? player.currentTime;
  const first = Math.max(0, now - shown / 2);
  const x = (time) => ((time - first) / shown) * width;
  pen.fillStyle = ink;
  const half = height * 0.4;
  for (let at = Math.floor(first * loud.rate); at < Math.min(loud.bytes.length, (first + shown) * loud.rate); at += 1) {
    const tall = Math.max(1, (loud.bytes[at] / 255) * half);
    pen.fillRect(x(at / loud.rate), half - tall, Math.max(1, width / (shown * loud.rate) - 1), 2 * tall);
  }
  pen.globalAlpha = 0.45;
  for (const [start, end] of data.tracks[names[0]]) {
    if (end > first && start < first + shown) pen.fillRect(x(start), height * 0.86, Math.max(2, x(end) - x(start) - 2), height * 0.14);
  }
  pen.globalAlpha = 1;
  pen.fillStyle = mark;
  pen.fillRect(x(now) - 1, 0, 2 * devicePixelRatio, height);
};
for (const event of ["timeupdate", "seeked", "loadedmetadata"]) {
  player.addEventListener(event, () => { spot = null; draw(); });
}
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
strip.addEventListener("click", (event) => {
  const first = Math.max(0, (spot ?? player.currentTime) - shown / 2);
  player.currentTime = first + (event.offsetX / strip.clientWidth) * shown;
});
hear(data.strip);

if (server) {
  const end = made("button", { type: "button", id: "end" }, "End the review");
  end.addEventListener("click", async () => {
    for (const name of names) await save(name);
    ask("end", {}).then((told) => said(told.said), (error) => said(error.message));
  });
  document.getElementById("saves").append(" ", end);
  ask(`edits/${data.video}`).then((told) => {
    for (const item of told.restored) { restored.add(item); if (backs[item]) show(item); }
    for (const [name, cues] of Object.entries(told.tracks)) {
      data.tracks[name]?.forEach(([start, end, text], at) => {
        const same = cues.find((cue) => Math.abs(cue[0] - start) < 0.011 && Math.abs(cue[1] - end) < 0.011);
        // One with other times stands for this one; where there is none, it was taken away.
        if (!same && cues.some((cue) => cue[0] < end && cue[1] > start)) return;
        const mine = same ? same[2] : "";
        if (mine === text) return;
        put(name, at, mine);
        for (const field of fields[`${name} ${at}`] || []) field.value = mine;
      });
    }
  }).catch((error) => said(error.message));
  if (!data.strip) ask(`waveform/${data.video}`).then(hear, () => {});
}
