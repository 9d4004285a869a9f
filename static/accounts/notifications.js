/**
 * Speaks up when a run of this person ends, on whatever page they are, as their preferences say.
 * The count of runs in flight in the top bar is polled anyway; only when it changes is anything asked here.
 */
import { api } from "../js/http.js";
import { toast } from "../js/toast.js";

const KEY = "runs-in-flight";
const KINDS = { completed: "run_completed", failed: "run_failed" };

/** Ids of the runs that were in flight when this tab last looked, or null in a new tab. */
function remembered() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
}

async function activeIds() {
  const page = await api("/api/v1/training?state=active&page_size=100");
  return page.results.map((run) => run.id);
}

function beep() {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.setValueAtTime(0.08, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + 0.4);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.4);
  tone.onended = () => context.close();
}

function say(run, wanted) {
  const failed = run.state === "failed";
  const message = failed ? gettext("The run “%s” failed.") : gettext("The run “%s” is completed.");
  const open = { label: gettext("Show"), run: () => location.assign(`/runs/${run.id}`) };
  toast(interpolate(message, [run.name]), { tone: failed ? "failed" : "ok", hint: run.cause?.message, seconds: 20, action: open });
  if (wanted.sound) beep();
}

async function look() {
  const before = remembered();
  const now = await activeIds();
  sessionStorage.setItem(KEY, JSON.stringify(now));
  const gone = (before ?? []).filter((id) => !now.includes(id));
  if (!gone.length) return;
  const [wanted, me] = await Promise.all([api("/api/v1/auth/config"), api("/api/v1/auth/me")]);
  for (const id of gone) {
    const run = await api(`/api/v1/training/${id}`).catch(() => null); // deleted, or not ours any more
    const kind = run && run.owner === me.username ? KINDS[run.state] : undefined;
    if (kind && wanted.notifications[kind]) say(run, wanted.notifications);
  }
}

/** A poll that fails is tried again by the next change. */
const lookQuietly = () => look().catch(() => undefined);

document.addEventListener("polled", (event) => {
  if (event.target.matches(".inflight")) lookQuietly();
});
