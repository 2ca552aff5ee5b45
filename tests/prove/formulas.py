"""Steps whose formulas are meant to hold up, to break or to cover the page that shows them.

For each name (text, what the page must show of it): formulas, sources with the note that they are too long, sources with
the note that they cannot be typeset, or nothing but prose.
"""

MATHS, TOO_LONG, BROKEN = ["maths"], ["too long"], ["broken"]
PART, PROSE = ["maths", "too long"], []


def of(formula, shown=MATHS):
    return f"${formula}$", shown


def nested(before, after, times):
    return before * times + "x" + after * times


def until(unit, length):
    return unit * (length // len(unit))


KATEX_ADVISORIES = {
    # An \edef writes out what it names, so that each one doubles the text before it.
    "CVE-2024-28243": of("\\def\\x{xxxxxxxxxx}" + "\\edef\\x{\\x\\x}" * 24 + "\\x", TOO_LONG),
    # A Unicode superscript was read by a parser of its own, with a count of expansions of its own.
    "CVE-2024-28244": of("\\gdef1{¹¹}¹", TOO_LONG),
    "CVE-2024-28245": of('\\includegraphics[alt={" onerror="window.ran=1"}]{x"onerror="window.ran=1}'),
    "CVE-2024-28246": of("\\href{JavaScript:window.ran=1}{\\text{press}} \\url{jAvAsCrIpT:window.ran=1}"),
    "CVE-2025-23207": of('\\htmlData{x" onmouseover="window.ran=1=1}{x} \\htmlStyle{position:fixed;inset:0}{x}'),
}
SLOW = {
    "500 roots in each other": of(nested("\\sqrt{", "}", 500), TOO_LONG),
    "2,000 braces in each other": of(nested("{", "}", 2000), TOO_LONG),
    "80 braces above each other": of(nested("\\overbrace{", "}^{1}", 80), TOO_LONG),
    "60 boxes in each other": of(nested("\\boxed{", "}", 60), TOO_LONG),
    "60 matrices in each other": of(nested("\\begin{matrix}", "\\end{matrix}", 60), TOO_LONG),
    "19 boxes in each other": of(nested("\\boxed{", "}", 19), TOO_LONG),
    "15 boxes in each other": of(nested("\\boxed{", "}", 15)),
    "20,000 characters": of(until("x+", 19_990) + "x", TOO_LONG),
    "100,000 characters": of(until("x+", 100_000) + "x", TOO_LONG),
    "100,000 primes": of("x" + "'" * 100_000, TOO_LONG),
    "a matrix of 100 × 100": of("\\begin{matrix}" + ("x&" * 99 + "x\\\\") * 100 + "\\end{matrix}", TOO_LONG),
    "a matrix of empty columns": of("\\begin{matrix}" + "&" * 1900 + "\\end{matrix}", TOO_LONG),
    "five of 4,000 characters": (f"${until('x+', 3_980)}x$ " * 5, TOO_LONG),
    "ten of 1,900 characters": (f"${until('x+', 1_900)}x$ " * 10, TOO_LONG),
    "forty that just fit": (f"${until('x_1^2', 475)}$ " * 40, PART),
    "300 formulas": ("$x$ " * 300, PART),
    "a macro that unfolds": of("\\def\\a{" + "x+" * 400 + "}" + "\\a" * 500, TOO_LONG),
    "a macro that repeats": of("\\newcommand\\a[1]{" + "#1" * 400 + "}\\a{" + "x" * 400 + "}", TOO_LONG),
    "an endless macro": of("\\let\\a\\relax \\renewcommand\\a{\\a\\a}\\a", TOO_LONG),
    "names that KaTeX lacks": of(until("\\nothing", 1_900), BROKEN),
    "environments without an end": (until("\\begin{matrix}", 19_990), PROSE),
}
BAR = "\\rule{19em}{3em}"
OUTSIDE = {
    "lowered by 500 em": of("\\raisebox{-500em}{over}"),
    "lowered onto the next step": of("\\smash{\\raisebox{-4em}{\\rule{9em}{3em}}}"),
    "raised onto the last step": of("\\smash{\\raisebox{7em}{\\rule{9em}{3em}}}"),
    "a rule of 9,999 em": of("\\rule{9999em}{9999em}"),
    "a kern of -999 em": of("\\kern-999em x"),
    "kerned onto the problem": of(f"\\kern-19em {BAR}"),
    "\\hskip onto the problem": of(f"\\hskip -18em {BAR}"),
    "laid over the problem": of(f"\\llap{{{BAR}}}"),
    "laid over the buttons": of(f"\\rlap{{{BAR * 3}}}"),
    "laid over both": of(f"\\mathclap{{{BAR * 5}}}"),
    "spaced onto the buttons": of(f"\\rlap{{\\hspace{{19em}}\\hspace{{9em}}{BAR}}}"),
    "smashed": of("\\smash{\\rule[-9em]{9em}{20em}} \\smash{\\begin{matrix}" + "x\\\\" * 20 + "\\end{matrix}}"),
    "a tag at the edge": ("$$x\\tag{" + "far " * 60 + "}$$", MATHS),
    "colours": of("\\colorbox{white}{\\color{white}M} \\fcolorbox{red}{blue}{x} \\textcolor{transparent}{x}"),
    "a letter with 600 marks": ("a" + "\u030d" * 300 + "\u0331" * 300, PROSE),
}

HOSTILE = KATEX_ADVISORIES | SLOW | OUTSIDE
