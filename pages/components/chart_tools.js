function loadPlotly(address) {
  if (window.Plotly) return Promise.resolve();
  window.mlmtunePlotly ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address; script.onload = done;
    script.onerror = () => { window.mlmtunePlotly = undefined; script.remove(); failed(new Error("plotly")); };
    document.head.appendChild(script);
  });
  return window.mlmtunePlotly;
}

async function fetchJson(address) {
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok || !(response.headers.get("content-type") || "").includes("json")) throw new Error("no events");
  return response.json();
}

function themeColours(root) {
  const style = getComputedStyle(root);
  return { text: style.getPropertyValue("--st-text-color") || style.color, font: style.getPropertyValue("--st-font") || style.fontFamily,
    paper: style.getPropertyValue("--st-background-color") || "rgba(0,0,0,0)" };
}

// Calls `changed` with the new colours whenever the page turns light or dark; to be disconnected at the end.
function watchTheme(root, changed) {
  let last = themeColours(root).text;
  const watch = new MutationObserver(() => {
    const now = themeColours(root);
    if (now.text !== last) { last = now.text; changed(now); }
  });
  watch.observe(document.documentElement, { attributes: true, subtree: true, attributeFilter: ["style", "class"] });
  return watch;
}

// A layout with all that is written in it, and the distances around it, so many times as large: Plotly then makes room for it.
function enlarge(layout, times) {
  const growing = ["size", "standoff", "l", "r", "t", "b"];
  return times === 1 ? layout : JSON.parse(JSON.stringify(layout), (name, value) => growing.includes(name) && typeof value === "number" ? value * times : value);
}

function repaint(plot, { text, paper }) { if (window.Plotly) window.Plotly.relayout(plot, { "font.color": text, paper_bgcolor: paper }); }
