"""Request and response models of the ML backend API; only what is read of a request is named."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

_LARGEST = 2**63 - 1
Number = Annotated[int, Field(ge=0, le=_LARGEST)]


class Setup(BaseModel):
    """What Label Studio sends when it connects; its token is not read."""

    project: str
    schema_: str = Field(alias="schema")


class Predict(BaseModel):
    """Tasks to answer, whole as the server has them."""

    tasks: list[dict[str, Any]]
    label_config: str
    project: str | None = None


class Annotation(BaseModel):
    """Which annotation an event is about."""

    id: Number
    task: Number | None = None
    updated_at: str | None = None


class Of(BaseModel):
    """Which project an event is about."""

    id: Number


class Webhook(BaseModel):
    """An event; only numbers and times are read from it."""

    action: str
    project: Of | None = None
    annotation: Annotation | None = None
    annotations: list[Annotation] | None = None


class JobStatus(BaseModel):
    """Which job of training is asked about."""

    job: str


class Version(BaseModel):
    """The model version that answers a project."""

    model_version: str


class Results(BaseModel):
    """One entry a task, in the order of the tasks; ``[]`` where nothing can be said yet."""

    results: list[dict[str, Any] | list[Any]]


class Versions(BaseModel):
    """All model versions, the newest first."""

    versions: list[str]


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: str
