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
