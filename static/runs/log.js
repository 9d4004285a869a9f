/**
 * The log of a run. Any number of lines: only those in sight are in the page, older ones are asked for when one
 * scrolls to the top, new ones come from the socket. Search and level are answered by the server.
 */
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { saveText } from "../js/plots/tools.js";
import { toast } from "../js/toast.js";

const LINE_PX = 20;
const SPARE = 20;
const PAGE = 1000;
const TYPING_MS = 250;
const LEVELS = ["debug", "info", "warning", "error", "critical"];

class LogView {
  constructor(root, runId) {
    this.root = root;
    this.runId = runId;
    this.box = root.querySelector("[data-log]");
    this.space = root.querySelector(".log-space");
    this.window = root.querySelector(".log-window");
    this.followButton = root.querySelector("[data-log-follow]");
    this.lines = [];
    this.early = [];
    this.first = null;
    this.last = 0;
    this.complete = false;
    this.loading = true;
    this.following = true;
    this.listen();
  }

  listen() {
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.followButton.addEventListener("click", () => this.follow(!this.following));
    const restart = () => this.start();
    let timer = 0;
    this.root.querySelector("[data-log-search]").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(restart, TYPING_MS);
    });
    this.root.querySelector("[data-log-level]").addEventListener("change", restart);
    this.root.querySelector("[data-log-save]").addEventListener("click", () => this.save());
  }

  get filter() {
    return {
      text: this.root.querySelector("[data-log-search]").value.trim(),
      level: this.root.querySelector("[data-log-level]").value,
    };
  }

  passes(data) {
    const { text, level } = this.filter;
    if (level && LEVELS.indexOf(data.level) < LEVELS.indexOf(level)) return false;
    return !text || data.message.toLowerCase().includes(text.toLowerCase());
  }

  /** The newest lines below a number. */
  async ask(before = Number.MAX_SAFE_INTEGER) {
    const { text, level } = this.filter;
    const query = new URLSearchParams({ page_size: String(PAGE), before: String(before) });
    if (text) query.set("search", text);
    if (level) query.set("level", level);
    return api(`/api/v1/training/${this.runId}/logs?${query}`);
  }

  async start() {
    this.loading = true;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      const answer = await this.ask();
      if (turn !== this.turn) return;
      this.lines = [];
      this.complete = answer.next_before === null;
      this.put(answer.results, false);
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint });
    }
    this.loading = false;
    const waiting = this.early.filter((event) => event.seq > this.last);
    this.early = [];
    this.take(waiting);
    this.follow(true);
  }

  /** A message of several lines takes several rows, so that every row is equally high. */
  rows(events) {
    return events.flatMap((event) => {
      const parts = event.message.split("\n");
      return parts.map((text, index) => ({ seq: event.seq, time: index ? "" : event.time, level: event.level, text }));
    });
  }

  put(events, inFront) {
    if (!events.length) {
      this.draw();
      return;
    }
    const rows = this.rows(events);
    if (inFront) this.lines.unshift(...rows);
    else this.lines = this.lines.concat(rows);
    this.first = this.lines[0].seq;
    this.last = Math.max(this.last, this.lines[this.lines.length - 1].seq);
    this.draw();
  }

  take(events) {
    const logs = events.filter((event) => event.kind === "log");
    if (!logs.length) return;
    if (this.loading) {
      this.early.push(...logs);
      return;
    }
    const fresh = logs.filter((event) => event.seq > this.last && this.passes(event.data));
    this.put(fresh.map((event) => ({ seq: event.seq, time: event.time, ...event.data })), false);
    if (this.following) this.toEnd();
  }

  async older() {
    if (this.complete || this.loading || !this.lines.length) return;
    this.loading = true;
    try {
      const answer = await this.ask(this.first);
      const before = this.lines.length;
      this.complete = answer.next_before === null;
      this.put(answer.results, true);
      this.box.scrollTop += (this.lines.length - before) * LINE_PX;
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint });
    }
    this.loading = false;
    const waiting = this.early;
    this.early = [];
    this.take(waiting);
  }

  scrolled() {
    const atEnd = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - LINE_PX;
    if (atEnd !== this.following) this.setFollowing(atEnd);
    if (this.box.scrollTop < 2 * LINE_PX) this.older();
    this.draw();
  }

  setFollowing(on) {
    this.following = on;
    this.followButton.setAttribute("aria-pressed", String(on));
  }

  follow(on) {
    this.setFollowing(on);
    if (on) this.toEnd();
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  draw() {
    this.space.style.height = `${this.lines.length * LINE_PX}px`;
    const from = Math.max(0, Math.floor(this.box.scrollTop / LINE_PX) - SPARE);
    const to = Math.min(this.lines.length, from + Math.ceil(this.box.clientHeight / LINE_PX) + 2 * SPARE);
    this.window.style.transform = `translateY(${from * LINE_PX}px)`;
    this.window.replaceChildren(...this.lines.slice(from, to).map((line) => this.row(line)));
    const count = this.lines.length.toLocaleString(document.documentElement.lang);
    const none = this.filter.text || this.filter.level ? gettext("No line matches.") : gettext("No lines yet.");
    const text = this.complete ? ngettext("%s line", "%s lines", this.lines.length) : gettext("%s lines, more above");
    this.root.querySelector("[data-log-count]").textContent = this.lines.length ? interpolate(text, [count]) : none;
  }

  row(line) {
    const time = line.time ? new Date(line.time).toLocaleTimeString(document.documentElement.lang, { hour12: false }) : "";
    const row = element("div", { class: `log-line log-${line.level}` }, element("span", { class: "log-time", title: line.time }, time));
    if (line.level !== "info") row.append(element("span", { class: "log-level" }, line.level));
    const { text } = this.filter;
    const at = text ? line.text.toLowerCase().indexOf(text.toLowerCase()) : -1;
    if (at < 0) row.append(line.text);
    else row.append(line.text.slice(0, at), element("mark", {}, line.text.slice(at, at + text.length)), line.text.slice(at + text.length));
    return row;
  }

  async save() {
    while (!this.complete) {
      const before = this.lines.length;
      await this.older();
      if (this.lines.length === before) break;
    }
    const text = this.lines.map((line) => `${line.time}\t${line.level}\t${line.text}`).join("\n");
    saveText(`${text}\n`, `${this.runId}.log`, "text/plain");
  }
}

/** @param {HTMLElement} root @param {string} runId @returns {LogView} */
export function startLog(root, runId) {
  const view = new LogView(root, runId);
  view.start();
  return view;
}
