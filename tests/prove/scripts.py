"""Strings that become a script where text is taken for markup. Each one that runs says its number to `window.ran`."""

RUN = "(window.ran=window.ran||[]).push({n})"
FORMS = (
    "<script>{run}</script>", "<ScRiPt>{run}</sCrIpT>", "<script/x>{run}</script>", "<svg><script>{run}</script></svg>",
    "<img src=x onerror={run}>", "<img/src=x/onerror={run}>", "<svg onload={run}>", "<svg/onload={run}>",
    "<body onload={run}>", "<input autofocus onfocus={run}>", "<select autofocus onfocus={run}>",
    "<textarea autofocus onfocus={run}></textarea>", "<video><source onerror={run}></video>", "<audio src=x onerror={run}>",
    "<details open ontoggle={run}>", "<marquee onstart={run}>x</marquee>", "<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "<iframe src='javascript:parent.{run}'></iframe>", "<object data='javascript:{run}'></object>",
    "<embed src='javascript:{run}'>", "<math><mtext><img src=x onerror={run}></mtext></math>",
    "<style>@keyframes x{{}}</style><b style='animation-name:x' onanimationstart={run}>b</b>",
    "<link rel=stylesheet href=data:text/css,x onload={run}>", "<form><button formaction='javascript:{run}' autofocus>b",
    "<base href='javascript:{run}//'>", "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>", "<template><script>{run}</script></template>",
    "<x contenteditable autofocus onfocus={run}>x", "<x tabindex=1 autofocus onfocus={run}>x",
)  # fmt: skip
# Ways out of where a text may stand: a tag, an attribute, a comment, a script, a style, a title, a text area.
WAYS_OUT = ("", "'>", '">', "-->", "</script>", "</style>", "</title>", "</textarea>", "`>", "]]>", "'\"></a>")
OTHERS = (
    "javascript:{run}", "\" onmouseover=\"{run}", "' autofocus onfocus='{run}", "\" autofocus onfocus=\"{run}\" x=\"",
    "';{run}//", "\";{run}//", "</script><script>{run}//", "${{{run}}}", "{{{{ {run} }}}}", "{{% load x %}}<b onclick={run}>",
    "&lt;img src=x onerror={run}&gt;", "&#60;script&#62;{run}&#60;/script&#62;", "\\u003cscript\\u003e{run}\\u003c/script\\u003e",
    "$\\href{{javascript:{run}}}{{x}}$", "$\\htmlData{{x=<img src=x onerror={run}>}}{{x}}$", "$\\url{{javascript:{run}}}$",
    "$\\includegraphics{{javascript:{run}}}$", "$\\text{{<img src=x onerror={run}>}}$", "$$\\unicode{{<svg onload={run}>}}$$",
    "[x](javascript:{run})", "![x](x\"onerror=\"{run})",
)  # fmt: skip


def corpus(count):
    """So many of them, all different, the ways out in turn."""
    made = [way + form for way in WAYS_OUT for form in FORMS]
    made += [way + other for way in ("", " ") for other in OTHERS]
    mixed = [*OTHERS, *FORMS] + [one for one in made if one not in {*OTHERS, *FORMS}]
    mixed += [f"<!-- {number} -->{one}" for number, one in enumerate(made)]
    return [text.format(run=RUN.format(n=number)) for number, text in enumerate(mixed[:count])]
