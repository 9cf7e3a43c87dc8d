const HUES = ["0,114,178", "230,159,0", "0,158,115", "213,94,0", "204,121,167", "86,180,233", "138,109,0", "91,103,112"];
const GREY = "128,128,128";

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".token-strip");
  const signature = JSON.stringify([data.words, data.decimal, data.texts]);
  if (root.drawn === signature) return;
  root.drawn = signature;
  const words = JSON.stringify(data.words.map((word) => word.word));
  const same = root.words === words;  // other numbers of the same words: what was chosen stays chosen
  const hadFocus = same && root.contains(root.getRootNode().activeElement);
  root.words = words;
  const strip = make("div", "strip"), panel = make("div", "panel");
  strip.setAttribute("role", "toolbar");  // one stop of the Tab key; arrows go from word to word
  strip.setAttribute("aria-label", data.texts.alt);
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-label", data.texts.probability);
  panel.setAttribute("aria-live", "polite");
  root.replaceChildren(strip, panel);

  const chips = data.words.map((word, i) => {
    const chip = drawChip(word, data);
    chip.onmouseenter = () => drawPanel(panel, word, data);
    chip.onfocus = () => { reach(i); drawPanel(panel, word, data); };
    chip.onclick = () => { pick(i); setStateValue("picked", i); };
    chip.onkeydown = (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: data.words.length - 1 }[event.key];
      if (chips[to]) { event.preventDefault(); chips[to].focus(); }
    };
    return chip;
  });
  strip.replaceChildren(...chips);
  strip.onmouseleave = () => drawPanel(panel, data.words[root.picked], data);

  function reach(i) { chips.forEach((chip, c) => { chip.tabIndex = c === i ? 0 : -1; }); }

  function pick(i) {
    root.picked = i;
    chips.forEach((chip, c) => chip.setAttribute("aria-pressed", String(c === i)));
    reach(i);
    drawPanel(panel, data.words[i], data);
  }
  pick(same ? root.picked : Math.max(0, data.words.findIndex((word) => word.label !== "O" && !word.aside)));
  if (hadFocus) chips[root.picked].focus();
}

function make(kind, className, text) {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function colour(label, labels) {
  if (label === "O") return GREY;
  const types = [...new Set(labels.filter((name) => name !== "O").map((name) => name.replace(/^[BI]-/, "")))];
  return HUES[types.indexOf(label.replace(/^[BI]-/, "")) % HUES.length];
}

function percent(share, decimal) { return (share * 100).toFixed(1).replace(".", decimal) + "%"; }

function drawChip(word, data) {
  const chip = make("button", "chip"), share = word.probabilities[word.label];
  chip.type = "button";
  if (word.label === "O") chip.classList.add("plain");
  if (word.aside) chip.classList.add("aside");
  chip.style.background = `rgba(${colour(word.label, data.labels)},${word.label === "O" ? 0.06 : 0.18 + 0.5 * share})`;
  chip.append(make("span", "", word.word), make("small", "", share === undefined ? "" : `${word.label} ${percent(share, data.decimal)}`));
  return chip;
}

function drawPanel(panel, word, data) {
  const head = make("div", "row head");
  head.append(make("span", "name", ""), make("span", "", ""), make("span", "", data.texts.probability), make("span", "", data.texts.logit));
  const rows = Object.entries(word.probabilities).sort((a, b) => b[1] - a[1]).map(([label, share], i) => {
    const row = make("div", i ? "row" : "row first"), bar = make("div", "bar");
    bar.style.width = `${share * 100}%`;
    bar.style.background = `rgb(${colour(label, data.labels)})`;
    const logit = word.logits[label];
    row.append(make("span", "name", label), bar, make("span", "", percent(share, data.decimal)),
      make("span", "", logit === undefined ? "" : (logit < 0 ? "−" : "+") + Math.abs(logit).toFixed(2).replace(".", data.decimal)));
    return row;
  });
  panel.replaceChildren(make("p", "word", word.word), make("p", "", `${data.texts.pieces}: ${word.pieces.join(" ")}`), head, ...rows);
  if (word.note) panel.append(make("p", "note", word.note));
}
