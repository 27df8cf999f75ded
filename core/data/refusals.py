"""Refusals of platforms: what is said of an ability that one does not declare, and what to do instead."""

from __future__ import annotations

ABLE = "This can be done with: {able}"
# Ability → what is said, and the hint.
REFUSALS: dict[str, tuple[str, str]] = {
    "read": ("{name} cannot be read as a data set", ABLE),
    "apply": ("{name} cannot take decisions back", ABLE),
    "enable": ("{name} cannot be enabled", ABLE),
    "serve": ("{name} cannot be served", ABLE),
    "forget": ("{name} cannot delete what was pushed", "Delete it there by hand"),
    "gate": ("{name} cannot keep the result of a gate", ABLE),
    "model": ("{name} has no registry of models that runs can be linked with", ABLE),
    "share": ("{name} has no pages to share of its own", ABLE),
    "examine": ("The doctor of {name} looks at the connection only", "labelsift doctor {name}"),
    "local": ("{name} cannot be tried locally", "Update the package that offers it"),
    "match": ("match and create are for existing projects on a server, and {name} has none", "Leave them out"),
    "prefill": ("{name} cannot be pushed to in mode prefill", "Use choose; for another mode push to label-studio"),
    "blind": ("{name} cannot be pushed to in mode blind", "Use choose; for another mode push to label-studio"),
    "rounds": (
        "{name} cannot ask about single samples twice or blind",
        "Leave out --repeat and --blind-share",
    ),
    "multilabel": (
        "{name} cannot ask about sets of labels",
        "Push to a platform that can, such as label-studio; or review the findings table "
        "(--findings findings.csv), and record what people decide: ls.record(…)",
    ),
    "spans": (
        "{name} cannot ask about spans",
        "Push to a platform that can, such as label-studio; or name other issues (only=…, --only)",
    ),
    "media": (
        "{name} can show texts only, and the samples have none",
        "Push to a platform that can show images and sounds, such as label-studio",
    ),
}
