"""Practice: next steps beside each other, at the first error (phase 2) or at every step (phase 1). All ours."""

from django.utils.translation import gettext_lazy as _

from labeling_ui.lessons.shapes import BAD, OKAY, Lesson, Theme, bad, either, great, okay

INSTEAD = Lesson(
    name="instead",
    title=_("Other steps in place of the wrong one"),
    problem=_(
        "A bag holds $3$ red and $2$ blue balls. Two balls are drawn one after the other, without putting the first one "
        "back. What is the probability that both are red?"
    ),
    guess=r"\frac{3}{10}",
    before=(
        _(r"The first ball is red with probability $\frac{3}{5}$."),
        _("If it was red, $2$ of the $4$ balls that are left are red."),
    ),
    steps=(
        great(
            _(r"In that case the second ball is red with probability $\frac{2}{4}=\frac{1}{2}$."),
            _("Right, and it goes on from where the solution stood before the error."),
            okay=_("It turns the step before into the probability that is needed."),
        ),
        bad(
            _(r"So both are red with probability $\frac{3}{5}+\frac{2}{4}=\frac{11}{10}$."),
            _(r"A probability is never above $1$. Here one has to multiply: $\frac{3}{5}\cdot\frac{2}{4}$."),
            great=_("The sum itself is right, but it is not what the problem needs."),
            okay=_("The sum itself is right, but what is said about it is false."),
        ),
        okay(
            _("The second ball may be red or blue."),
            _("True, and it fits, but it is no nearer to the answer."),
            bad=_("It says nothing false, and it is no repetition."),
            great=_("One knew it before."),
        ),
    ),
    closing=_(
        "Each option is judged as if it were the next step, for itself and not against the others: all of them may be "
        "Great, or none. Where you doubt what an option means, rate it as well as you can and mark it “?”."
    ),
    are_options=True,
)

MULTIPLES = Lesson(
    name="multiples",
    title=_("More than one good way"),
    problem=_("What is the sum of all multiples of $4$ from $4$ to $60$?"),
    guess="480",
    steps=(
        great(
            _(r"They are $4\cdot 1,\ 4\cdot 2,\ \dots,\ 4\cdot 15$."),
            _(r"True, and now only $1+2+\dots+15$ has to be found."),
            okay=_("It is more than a list: it shows the $4$ that can be taken out."),
        ),
        okay(
            _("Every multiple of $4$ is even."),
            _("True, but it does not help to add them."),
            bad=_("It says nothing false, and it is about the numbers in question."),
            great=_("A true property is no progress by itself."),
        ),
        bad(
            _(r"There are $15$ of them with the average $30$, so the sum is $15\cdot 30=450$."),
            _("A good idea with a wrong number: the average of $4$ and $60$ is $32$, and the sum $480$."),
            okay=_("The idea is good, but what it says is false."),
            great=_("The idea is good, but check the average: it lies in the middle between $4$ and $60$."),
        ),
        great(
            _("I pair the smallest with the largest: $4+60=64$, $8+56=64$, and so on."),
            _("True, and a way that a sensible person would try."),
            okay=_("It may be another way than yours, but it leads somewhere."),
        ),
    ),
    closing=_("Two options are Great. The solution goes on with one of them, drawn at random; you do not choose it."),
    are_options=True,
)

JOURNEY = Lesson(
    name="journey",
    title=_("When no option will do"),
    problem=_(
        "A train leaves at 9:40 and arrives at 13:05. On the way it stands still for $25$ minutes. For how long does it "
        "move?"
    ),
    guess=_("3 hours"),
    steps=(
        bad(
            _("From 9:40 to 13:05 it is $3$ hours and $35$ minutes."),
            _("From 9:40 to 12:40 it is three hours, and then $25$ minutes: $3$ hours and $25$ minutes."),
            great=_("It is the right thing to work out, but the result is wrong."),
            okay=_("It is the right thing to work out, but the result is wrong."),
        ),
        bad(
            _("Trains are often late, so one cannot tell."),
            _("It leads away from the problem, which gives the times."),
            Theme.CONTEXT,
            okay=_("A remark may be Okay, but this one ends the solution where it has hardly begun."),
        ),
        bad(
            _("From 9:40 to 13:05 it is $3$ hours and $25$ minutes.\n\n# Answer\n\n3 hours 25 minutes"),
            _("The time at rest is forgotten. A wrong final answer is Bad, whatever is right before it."),
            Theme.INCOMPLETE,
            great=_("The first sentence alone would have been Great."),
            okay=_("The first sentence alone would have been Great."),
        ),
    ),
    closing=_(
        "Nothing here is worth going on with, so you write the next step. A good one: “From 9:40 to 13:05 it is $3$ hours "
        "and $25$ minutes.” It is one step, short, easy to check, and Great itself. Do not write the whole solution."
    ),
    are_options=True,
)

SQUARES = Lesson(
    name="squares",
    title=_("Options with a final answer"),
    problem=_("How many whole numbers, positive, negative or zero, have a square below $10$?"),
    guess="7",
    before=(_("$3^2=9$ is below $10$ and $4^2=16$ is not."),),
    steps=(
        bad(
            _("So the numbers are $1$, $2$ and $3$.\n\n# Answer\n\n3"),
            _(
                "Zero and the negative numbers are forgotten. Never call a wrong final answer Great: it ends the problem."
            ),
            Theme.INCOMPLETE,
            great=_("The three numbers are right, but they are not all."),
            okay=_("The three numbers are right, but they are not all."),
        ),
        great(
            _("So the numbers are those from $-3$ to $3$, which are $7$.\n\n# Answer\n\n7"),
            _("The right final answer, with its reason. It ends the problem."),
            okay=_("The right final answer is always Great, when it is complete."),
        ),
        okay(
            _("A square is never negative."),
            _("True, but nothing follows from it here."),
            great=_("True is not enough for Great."),
            bad=_("It says nothing false, and it is about squares."),
        ),
        either(
            _("$4^2$ is $16$, and $16$ is not below $10$."),
            _("The step before says so in other words. Plain repetition is Bad, a restatement Okay: a grey area."),
            Theme.CIRCLES,
            (BAD, OKAY),
            great=_("It is true, but it was just said."),
        ),
    ),
    closing=_("A Great option with a final answer is always the one that is taken: the problem is solved."),
    are_options=True,
)
