/**
 * Loads Plotly once, on first use, from our own address.
 *
 * Plotly writes styles into the page, which the content policy forbids. It leaves that out when it finds an element
 * with the id "plotly.js-style-global" and the class "no-inline-styles": ours is the link to css/plots.css, which
 * holds the few rules that are needed. Its map library would still add a style element while loading; we draw no
 * maps, so that element is kept out instead of being refused with an error in the console.
 */

const BASE = new URL("../../", import.meta.url);
let loading = null;

function linkStyles() {
  if (document.getElementById("plotly.js-style-global")) return;
  const link = document.createElement("link");
  link.id = "plotly.js-style-global";
  link.className = "no-inline-styles";
  link.rel = "stylesheet";
  link.href = new URL("css/plots.css", BASE).pathname;
  document.head.append(link);
}

function loadScript() {
  return new Promise((resolve, reject) => {
    const append = document.head.appendChild;
    document.head.appendChild = (node) => (node instanceof HTMLStyleElement ? node : append.call(document.head, node));
    const script = document.createElement("script");
    script.src = new URL("vendor/plotly/plotly.min.js", BASE).pathname;
    script.addEventListener("load", () => {
      delete document.head.appendChild;
      resolve(globalThis.Plotly);
    });
    script.addEventListener("error", () => {
      delete document.head.appendChild;
      loading = null;
      reject(new Error(gettext("The plots could not be loaded. Reload the page.")));
    });
    document.head.append(script);
  });
}

/** @returns {Promise<any>} the Plotly object */
export function loadPlotly() {
  linkStyles();
  loading ??= globalThis.Plotly ? Promise.resolve(globalThis.Plotly) : loadScript();
  return loading;
}
