/**
 * The socket of a run: events arrive in order, once, whatever the connection does.
 *
 * Frames are JSON: {"type": "run", "run": {...}}, {"type": "events", "events": [{seq, time, kind, data}, ...]} and
 * {"type": "live"} when the replay is through. The last number seen is sent as ?after= with every new connection, so
 * that the server replays the gap; each batch is confirmed, so that it sends as fast as this page reads.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const REFUSED = new Set([4400, 4401, 4403, 4404]);

/**
 * @param {string} path such as /api/v1/ws/training/ID
 * @param {{after?: number, onEvents?: (events: object[]) => void, onRun?: (run: object) => void,
 *   onStatus?: (status: "open"|"live"|"waiting"|"refused"|"closed") => void, onFrame?: (frame: object) => void}} options
 * @returns {{close: () => void, readonly after: number}}
 */
export function follow(path, { after = 0, onEvents, onRun, onStatus, onFrame } = {}) {
  let last = after;
  let wait = FIRST_WAIT_MS;
  let timer = 0;
  let socket = null;
  let ended = false;

  function address() {
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (after !== null) url.searchParams.set("after", String(last));
    return url;
  }

  function take(frame) {
    if (frame.type === "events") {
      const fresh = frame.events.filter((event) => event.seq > last);
      if (!fresh.length) return;
      if (fresh[0].seq !== last + 1) {
        // A gap: what is missing is in storage, so ask again from the last number.
        socket.close();
        return;
      }
      last = fresh[fresh.length - 1].seq;
      onEvents?.(fresh);
      socket.send(JSON.stringify({ type: "ack", seq: last }));
    } else if (frame.type === "run") onRun?.(frame.run);
    else if (frame.type === "live") onStatus?.("live");
    else onFrame?.(frame);
  }

  function connect() {
    clearTimeout(timer);
    if (ended) return;
    socket = new WebSocket(address());
    const mine = socket;
    mine.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      onStatus?.("open");
    });
    mine.addEventListener("message", (message) => {
      if (mine === socket) take(JSON.parse(message.data));
    });
    mine.addEventListener("close", (event) => {
      if (mine !== socket || ended) return;
      if (REFUSED.has(event.code)) {
        ended = true;
        onStatus?.("refused");
        return;
      }
      onStatus?.("waiting");
      timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    });
  }

  function hurry() {
    if (ended || socket.readyState <= WebSocket.OPEN) return;
    wait = FIRST_WAIT_MS;
    connect();
  }

  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => !document.hidden && hurry());
  connect();

  return {
    close() {
      ended = true;
      clearTimeout(timer);
      socket?.close();
      onStatus?.("closed");
    },
    get after() {
      return last;
    },
  };
}
