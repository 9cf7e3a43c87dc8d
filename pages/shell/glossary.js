export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".glossary");
  const signature = JSON.stringify(data);
  if (root.drawn === signature) return;
  root.drawn = signature;
  const field = make("input", ""), list = make("dl", ""), none = make("p", data.texts.none);
  field.type = "search";
  field.placeholder = data.texts.seek;
  field.setAttribute("aria-label", data.texts.seek);
  none.setAttribute("role", "status");
  list.tabIndex = 0;  // scrolled by keyboard too
  const terms = data.terms.map((term) => ({ term, name: fold(term.name), all: fold(`${term.name} ${term.says}`) }));

  function show() {
    const wanted = fold(field.value);
    const named = terms.filter((each) => each.name.includes(wanted));
    const told = terms.filter((each) => !each.name.includes(wanted) && each.all.includes(wanted));
    list.replaceChildren(...[...named, ...told].flatMap((each) => draw(each.term)));
    list.scrollTop = 0;
    list.hidden = !(none.hidden = named.length + told.length > 0);
  }

  function draw(term) {
    const says = make("dd", term.says), see = make("span", `${data.texts.see}: `);
    see.append(...term.see.flatMap((name, i) => (i ? [", ", link(name)] : [link(name)])));
    says.append(see);
    return [make("dt", term.name), says];
  }

  function link(name) {
    const button = make("button", name);
    button.type = "button";
    button.onclick = () => { field.value = name; show(); field.focus(); };
    return button;
  }

  field.oninput = show;
  root.replaceChildren(field, none, list);
  show();
  field.focus();
}

function fold(text) { return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim(); }

function make(kind, text) {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
}
