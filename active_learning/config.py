"""How one reward model is trained: written into the checkpoint, so that a run can be repeated."""

import json
import math
from dataclasses import asdict, dataclass, replace
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

Kind = Literal["prm", "orm"]  # process and outcome reward model: the same model and loop, other targets
Mode = Literal["full", "lora", "probe"]
Form = Literal["packed", "completion"]
ClassWeight = Literal["none", "sqrt_inverse"]
Neutral = Literal["positive", "negative"]
Estimation = Literal["hard", "soft"]  # what an estimate by rollouts asks of a model
Balance = Literal["none", "buckets"]
Precision = Literal["fp32", "bf16"]
Triple = tuple[float, float, float]  # probability that a step is negative, neutral, positive

# A probe trains only a small head, which wants a large learning rate; a whole model wants a small one
# (Lightman et al. 2023, App. F.1: a low learning rate is essential).
LEARNING_RATE: dict[Mode, float] = {"full": 1e-5, "lora": 1e-4, "probe": 5e-3}
# 200 labels and 2 epochs are 25 steps, and teach nothing but the prior.
MIN_STEPS: dict[Mode, int] = {"full": 50, "lora": 50, "probe": 200}
# A probe has more weights than a first round has labels, some of them wrong.
WEIGHT_DECAY: dict[Mode, float] = {"full": 0.01, "lora": 0.0, "probe": 1.0}
# Lightman et al. 2023, App. E and F.1.
EPOCHS: dict[Kind, int] = {"prm": 2, "orm": 1}


class ConfigError(ValueError):
    """The training configuration cannot be used."""


@dataclass(frozen=True)
class TrainConfig:
    kind: Kind = "prm"
    base: str = "toy"  # directory of a Hugging Face language model; "toy" is the one that comes with the project
    mode: Mode = "probe"  # the whole model, low-rank adapters on it (Hu et al. 2021), or a head on the frozen model
    form: Form = "packed"  # all steps of a solution in one sequence; or one sequence per completion, as the paper did
    max_len: int = 2048  # tokens; longer solutions are counted and left out
    lr: float | None = None  # None: the default of the mode
    epochs: int | None = None  # None: the default of the kind
    min_steps: int | None = None  # None: the default of the mode
    batch_tokens: int = 16_384
    weight_decay: float | None = None  # None: the default of the mode
    class_weight: ClassWeight = "none"  # weighing rare ratings up costs calibration
    lora_rank: int = 16
    lora_alpha: int = 32
    seed: int = 0
    neutral: Neutral = "positive"  # what a neutral step counts as in a solution's score; App. F.2
    eval_fraction: float = 0.1  # of problems: held out of training, half to choose the threshold, half to measure
    pass_tokens: int = 0  # of one forward pass; a batch is cut into passes that fit in memory; 0: one pass
    precision: Precision = "fp32"
    gradient_checkpointing: bool = False  # computes activations twice, to hold few of them
    save_every: int = 200  # optimizer steps between two states that an interrupted training goes on from; 0: none
    label_words: tuple[str, str, str] | None = None  # negative, neutral, positive; None: the first that fit
    most_per_problem: int = 100  # samples that an outcome model takes of each problem; App. E
    chosen_too: bool = False  # let an outcome model train on what a selector chose
    estimation: Estimation = "hard"  # Math-Shepherd, eq. 3 and 4: did any rollout come out right, or what share of them
    balance: Balance = "none"  # PAV, App. D: as many steps of q < ½ as of q ≥ ½, drawn anew every epoch
    automatic_ratio: float = 1.0  # solutions with automatic labels for each solution that people labeled
    has_neutral: bool = True  # False: a model of two classes, learned from automatic labels alone; training decides it

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in get_args(allowed):
                raise ConfigError(f"{name} is one of {', '.join(get_args(allowed))}, not {getattr(self, name)!r}.")
        for name in ("max_len", "batch_tokens", "lora_rank", "lora_alpha", "most_per_problem", "epochs", "min_steps"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ConfigError(f"{name} is at least 1, not {value!r}.")
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed is a whole number from 0 to 2^63 - 1, not {self.seed!r}.")
        if self.lr is not None and not self.lr > 0:
            raise ConfigError(f"lr is above 0, not {self.lr!r}.")
        self._check_labels()

    def _check_labels(self) -> None:
        if not 0 <= self.eval_fraction < 1:
            raise ConfigError(f"eval_fraction is at least 0 and below 1, not {self.eval_fraction!r}.")
        if not 0 < self.automatic_ratio < math.inf:
            raise ConfigError(f"automatic_ratio is a number above 0, not {self.automatic_ratio!r}.")
        if self.balance == "buckets" and self.class_weight != "none":
            raise ConfigError("Either balance or class_weight makes up for rare ratings, not both.")

    @property
    def learning_rate(self) -> float:
        return LEARNING_RATE[self.mode] if self.lr is None else self.lr

    @property
    def decay(self) -> float:
        return WEIGHT_DECAY[self.mode] if self.weight_decay is None else self.weight_decay

    @property
    def least_steps(self) -> int:
        return MIN_STEPS[self.mode] if self.min_steps is None else self.min_steps

    @property
    def wanted_epochs(self) -> int:
        return EPOCHS[self.kind] if self.epochs is None else self.epochs

    @property
    def tokens_at_once(self) -> int:
        """Of one forward pass, with padding: what fits in memory."""
        return self.pass_tokens or self.batch_tokens


CHOICES: dict[str, Any] = {
    "kind": Kind,
    "mode": Mode,
    "form": Form,
    "class_weight": ClassWeight,
    "neutral": Neutral,
    "estimation": Estimation,
    "balance": Balance,
    "precision": Precision,
}


def resolved(config: TrainConfig) -> TrainConfig:
    """With what the defaults of its kind and mode are, so that a checkpoint says what was used."""
    return replace(
        config,
        lr=config.learning_rate,
        epochs=config.wanted_epochs,
        min_steps=config.least_steps,
        weight_decay=config.decay,
    )


def to_json(config: TrainConfig) -> dict[str, Any]:
    """As JSON gives it back: two configurations are equal exactly where these are."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return values


def from_json(values: dict[str, Any]) -> TrainConfig:
    """Raises ConfigError for a key or a value that the configuration does not know."""
    hints = get_type_hints(TrainConfig)
    if unknown := sorted(set(values) - set(hints)):
        known = ", ".join(sorted(hints))
        raise ConfigError(f"Unknown in the training configuration: {', '.join(unknown)}. It knows: {known}.")
    for name, value in values.items():
        if not _fits(value, hints[name]):
            raise ConfigError(f"{name} in the training configuration cannot be {json.dumps(value)}.")
    words = values.get("label_words")
    return TrainConfig(**{**values, "label_words": None if words is None else tuple(words)})


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value read from JSON is of this type, as far as the types of TrainConfig go."""
    if get_origin(hint) is UnionType:
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is Literal:
        return isinstance(value, str)
    if get_origin(hint) is tuple:
        return isinstance(value, list) and len(value) == 3 and all(isinstance(word, str) for word in value)
    if hint is NoneType:
        return value is None
    return type(value) is hint or (hint is float and type(value) is int)


def read(text: str) -> TrainConfig:
    """A configuration that somebody gives. Raises ConfigError."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"The training configuration is not valid JSON: {error}.") from None
    if not isinstance(values, dict):
        raise ConfigError("The training configuration is a JSON object.")
    if values.get("has_neutral") is False:
        raise ConfigError(
            "has_neutral is no setting: whether a model knows neutral steps follows from the labels. Leave it out."
        )
    return from_json(values)
