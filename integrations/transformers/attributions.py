"""Integrated gradients of a transformers classifier: which words of a text pull it towards a class.

The gradients of the class's log odds are added up along the straight line from a text of padding tokens to the text, in
the space of the input embeddings (Sundararajan, Taly & Yan 2017; by captum), and summed over the tokens of each word.
They are complete: they sum to the difference of the log odds of both. Where that fails, as it may with few steps, the
words are found by leaving out each (:mod:`labelsift.label_quality.word_occlusion`), and a warning counts such texts.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from labelsift.capture.capture import EXPLAIN_AFTERWARDS
from labelsift.data.samples import Samples
from labelsift.errors import InputError, MissingExtraError
from labelsift.label_quality.word_occlusion import Places, Word, log_odds, says, telling, without, word_places
from labelsift.models.trained_classifier import evaluating

STEPS = (32, 128)  # of the sum; more where fewer do not add up
LIKE, LEAST = 0.05, 0.05  # by which the sum may miss the difference: a part of it, and of log odds
_AT_ONCE = 32  # texts or steps in one pass
_LOG = logging.getLogger("labelsift")


@dataclass(frozen=True)
class Attribution:
    """How much each word of a text adds to the log odds of a class.

    Parameters
    ----------
    places
        Of each word: where it stands, start and end in characters.
    weights
        float64, shape (words,); NaN of a word that the model does not read, behind its longest length.
    missed
        By how much the sum over all tokens misses the difference of the log odds; NaN where ``complete`` is False
        because the tokenizer does not tell where its tokens stand.
    complete
        Whether the weights are integrated gradients; else each is by how much the log odds fall without the word.
    """

    places: Places
    weights: np.ndarray
    missed: float
    complete: bool


class IntegratedGradients:
    """An explainer of a sequence classifier, for ``labelsift.scan(…, explain=…)``.

    Parameters
    ----------
    model
        A transformers model for sequence classification, or a torch module that is called and returns as one does.
        It is put into eval mode meanwhile, and left as it was.
    tokenizer
        Its own, a fast one: others do not tell where tokens stand.
    classes
        The class of each output; the model's ``id2label`` by default.

    A model whose config says ``multi_label_classification`` says the labels with a probability above 0.5; any other
    says the likeliest.

    Raises
    ------
    InputError
        If the model does not say its classes.
    MissingExtraError
        If captum is not installed.
    """

    def __init__(self, model: Any, tokenizer: Any, *, classes: Sequence[str] | None = None) -> None:  # noqa: ANN401
        named = getattr(getattr(model, "config", None), "id2label", None) or {}
        self.classes = list(classes) if classes is not None else [str(name) for _, name in sorted(named.items())]
        if len(self.classes) < 2:
            raise InputError("The model does not say its classes", hint="Name the class of each output: classes=[…]")
        if getattr(tokenizer, "is_fast", False) and find_spec("captum") is None:
            raise _no_captum()
        self.model, self.tokenizer = model, tokenizer
        self.several = getattr(getattr(model, "config", None), "problem_type", None) == "multi_label_classification"

    def __call__(self, texts: Sequence[str], classes: Sequence[str]) -> list[list[Word]]:
        """Return the words of each text that speak for its class, the strongest first; none where it is not said.

        Raises
        ------
        InputError
            If the model does not know a class, or has another number of outputs.
        """
        with evaluating(self.model):
            predicted = [self._says(text, name) for text, name in zip(texts, self._known(classes), strict=True)]
        asked = [position for position, is_predicted in enumerate(predicted) if is_predicted]
        weighted = self.attributions([texts[position] for position in asked], [classes[position] for position in asked])
        words = iter(telling([each.places for each in weighted], [each.weights for each in weighted]))
        return [next(words) if is_predicted else [] for is_predicted in predicted]

    def attributions(self, texts: Sequence[str], classes: Sequence[str]) -> list[Attribution]:
        """Return the weight of every word of each text for its class.

        Raises
        ------
        InputError
            If the model does not know a class.
        MissingExtraError
            If captum is not installed.
        """
        known = self._known(classes)
        with evaluating(self.model):
            weighted = [self._of(text, self.classes.index(name)) for text, name in zip(texts, known, strict=True)]
        failed = sum(not each.complete for each in weighted)
        if failed:
            _LOG.warning(
                "Integrated gradients of %s of %s texts do not add up: their words were found by leaving out each",
                f"{failed:,}",
                f"{len(weighted):,}",
            )
        return weighted

    def _known(self, classes: Sequence[str]) -> Sequence[str]:
        if unknown := sorted(set(classes) - set(self.classes)):
            raise InputError("The model has no such classes", ids=unknown, hint=f"It has: {', '.join(self.classes)}")
        return classes

    def _says(self, text: str, name: str) -> bool:
        (probabilities,) = self._probabilities([text])
        if len(probabilities) != len(self.classes):
            raise InputError(
                f"The model has {len(probabilities):,} outputs for {len(self.classes):,} classes",
                hint="Name the class of each output: classes=[…]",
            )
        return says(probabilities, self.classes.index(name), several=self.several)

    def _of(self, text: str, column: int) -> Attribution:
        places = word_places(text)
        missed = float("nan")
        if getattr(self.tokenizer, "is_fast", False):
            for steps in STEPS:
                tokens, offsets, missed, difference = self._integrated(text, column, steps)
                if abs(missed) <= max(LIKE * abs(difference), LEAST):
                    return Attribution(places, _by_word(tokens, offsets, places), missed, complete=True)
        probabilities = self._probabilities([text, *(without(text, some) for some in places)])
        odds = log_odds(probabilities, column, several=self.several)
        return Attribution(places, odds[0] - odds[1:], missed, complete=False)

    def _integrated(self, text: str, column: int, steps: int) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Return the attribution and place of each token, what its sum misses, and the difference of the log odds."""
        torch, captum = _torch_and_captum()
        options: dict[str, Any] = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
        inputs = dict(self.tokenizer(text, truncation=True, return_tensors="pt", **options))
        offsets = inputs.pop("offset_mapping")[0].numpy()
        special = inputs.pop("special_tokens_mask").bool()
        device = next(self.model.parameters()).device
        ids = inputs.pop("input_ids").to(device)
        names, more = list(inputs), tuple(value.to(device) for value in inputs.values())
        padding = self.tokenizer.pad_token_id
        baseline = torch.where(special.to(device), ids, torch.full_like(ids, 0 if padding is None else padding))

        def odds(ids: Any, *more: Any) -> Any:  # noqa: ANN401 - tensors
            logits = self.model(input_ids=ids, **dict(zip(names, more, strict=True))).logits.double()
            if self.several:
                return logits[:, column]
            if logits.shape[1] == 1:  # one output: the second class's log odds
                logits = torch.cat([-logits / 2, logits / 2], dim=1)
            others = [other for other in range(logits.shape[1]) if other != column]
            return logits[:, column] - torch.logsumexp(logits[:, others], dim=1)

        gradients = captum.LayerIntegratedGradients(odds, self.model.get_input_embeddings())
        with torch.enable_grad():
            weights = gradients.attribute(
                ids, baseline, additional_forward_args=more, n_steps=steps, internal_batch_size=_AT_ONCE
            )
        with torch.no_grad():
            difference = float((odds(ids, *more) - odds(baseline, *more))[0])
        tokens = weights.detach().sum(dim=-1)[0].double().cpu().numpy()
        return tokens, offsets, float(tokens.sum() - difference), difference

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray:
        torch: Any = import_module("torch")
        parts = []
        device = next(self.model.parameters()).device
        for start in range(0, len(texts), _AT_ONCE):
            some = list(texts[start : start + _AT_ONCE])
            inputs = self.tokenizer(some, truncation=True, padding=True, return_tensors="pt").to(device)
            with torch.no_grad():
                logits = self.model(**inputs).logits.double()
            if logits.shape[1] == 1 and not self.several:
                logits = torch.cat([-logits / 2, logits / 2], dim=1)
            parts.append((torch.sigmoid(logits) if self.several else torch.softmax(logits, dim=1)).cpu().numpy())
        return np.concatenate(parts)


def of_trainer(trainer: Any, samples: Samples, classes: Sequence[str]) -> IntegratedGradients:  # noqa: ANN401
    """Return the explainer of the model that a Trainer trains, whose outputs are these classes.

    Raises
    ------
    InputError
        If that is no sequence classifier of transformers, there is no tokenizer, or the samples are no texts.
    MissingExtraError
        If captum is not installed.
    """
    if samples.task == "spans" or not samples.has_texts:
        raise InputError("Words are told of texts that have labels as a whole", hint="Leave explain out")
    if not isinstance(trainer.model, import_module("transformers").PreTrainedModel):
        kind = type(trainer.model).__name__
        what = f"A {kind} is no classifier of transformers whose words can be asked for"
        raise InputError(what, hint=EXPLAIN_AFTERWARDS)
    if trainer.processing_class is None:
        raise InputError("The Trainer has no tokenizer to tell words by", hint="Trainer(…, processing_class=tokenizer)")
    return IntegratedGradients(trainer.model, trainer.processing_class, classes=classes)


def _by_word(tokens: np.ndarray, offsets: np.ndarray, places: Places) -> np.ndarray:
    """Sum the attributions of the tokens of each word over its places; NaN where no token stands."""
    weights = np.full(len(places), np.nan)
    for number, some in enumerate(places):
        inside = np.zeros(len(tokens), dtype=bool)
        for start, end in some:
            inside |= (offsets[:, 0] < end) & (start < offsets[:, 1])
        if inside.any():
            weights[number] = tokens[inside].sum()
    return weights


def _torch_and_captum() -> tuple[Any, Any]:
    try:
        return import_module("torch"), import_module("captum.attr")
    except ImportError:
        raise _no_captum() from None


def _no_captum() -> MissingExtraError:
    return MissingExtraError("captum", "explain", purpose="Integrated gradients")
