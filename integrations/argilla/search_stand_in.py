"""Entry of the local Argilla's processes, with a stand-in for Elasticsearch that needs no Java; it is not Lucene.

The launcher runs this file with the Python of the server's own environment, where labelsift is not installed:
``prepare`` migrates the database and makes the account, ``serve`` is the server, ``work`` the worker of its queues.

The stand-in is Argilla's own OpenSearch engine on osmem-server, an index in memory that speaks OpenSearch's language.
What osmem-server has not is done here: similarity by comparing all vectors, and the three updates that are scripts.
Texts are cut into words, ranked and sorted by osmem-server's own rules, not by Lucene's; and the index is empty after
each start, so that it is filled from the database before the server answers.
"""
# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

ENGINE = "stand-in"
_WINDOW = 10_000  # documents that a search returns at most, as in Elasticsearch


def register() -> None:
    """Make the engine known to the server under the name ``stand-in``."""
    import numpy as np
    from argilla_server.search_engine import SearchEngine
    from argilla_server.search_engine.commons import (
        es_bool_query,
        es_field_for_vector_settings,
        es_ids_query,
        es_index_name_for_dataset,
    )
    from argilla_server.search_engine.opensearch import OpenSearchEngine
    from fastapi.encoders import jsonable_encoder

    one_by_one = asyncio.Lock()

    @SearchEngine.register(engine_name=ENGINE)
    class StandIn(OpenSearchEngine):
        async def _request_similarity_search(
            self,
            index: str,
            vector_settings: Any,  # noqa: ANN401 -- rows of the server's database
            value: Sequence[float],
            k: int,
            excluded_id: object = None,
            query_filters: list[dict[str, Any]] | None = None,
        ) -> dict[str, Any]:
            """Rank all vectors by cosine, on Lucene's scale of 0 to 1."""
            field, vector_id = es_field_for_vector_settings(vector_settings), str(vector_settings.id)
            excluded = [es_ids_query([str(excluded_id)])] if excluded_id else []
            query = es_bool_query(must=[{"match_all": {}}, *(query_filters or [])], must_not=excluded)
            answer = await self.client.search(index=index, body={"query": query, "_source": [field]}, size=_WINDOW)
            documents = {hit["_id"]: (hit["_source"].get("vectors") or {}) for hit in answer["hits"]["hits"]}
            ids = [id for id, vectors in documents.items() if vectors.get(vector_id)]
            if not ids:
                return {"hits": {"hits": [], "total": {"value": 0}}}
            matrix, seed = np.array([documents[id][vector_id] for id in ids], float), np.array(value, float)
            lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(seed)
            scores = (1 + matrix @ seed / np.maximum(lengths, 1e-12)) / 2
            nearest = np.argsort(-scores, kind="stable")[:k]
            hits = [{"_id": ids[row], "_score": float(scores[row])} for row in nearest]
            return {"hits": {"hits": hits, "total": {"value": len(ids)}}}

        async def _change(self, record: Any, change: Callable[[dict[str, Any]], None]) -> None:  # noqa: ANN401
            """Read a document, change it and write it back, one document after the other."""
            index, id = es_index_name_for_dataset(record.dataset), str(record.id)
            async with one_by_one:
                document = (await self.client.get(index=index, id=id))["_source"]
                change(document)
                await self.client.index(index=index, id=id, body=document, refresh=True)

        async def update_record_response(self, response: Any) -> None:  # noqa: ANN401
            new = jsonable_encoder(self._map_record_response_to_es(response))
            await self._change(response.record, lambda document: _replace(document, str(response.id), [new]))

        async def delete_record_response(self, response: Any) -> None:  # noqa: ANN401
            await self._change(response.record, lambda document: _replace(document, str(response.id), []))

        async def delete_record_suggestion(self, suggestion: Any) -> None:  # noqa: ANN401
            name = suggestion.question.name
            await self._change(suggestion.record, lambda document: (document.get("suggestions") or {}).pop(name, None))


def _replace(document: dict[str, Any], id: str, new: list[dict[str, Any]]) -> None:
    """Put the responses ``new`` in the place of the one with this id."""
    document["responses"] = [old for old in document.get("responses") or [] if old["id"] != id] + new


def prepare() -> None:
    """Migrate the database, and make the account that stands as JSON on standard input."""
    import alembic.config
    from argilla_server.cli.database.users.create import _create
    from argilla_server.database import ALEMBIC_CONFIG_FILE
    from argilla_server.models import UserRole

    alembic.config.main(argv=["-c", ALEMBIC_CONFIG_FILE, "upgrade", "head"])
    account = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints the key
        asyncio.run(
            _create(
                first_name="Owner",
                username=account["username"],
                role=UserRole.owner,
                password=account["password"],
                api_key=account["api_key"],
                workspace=[account["workspace"]],
            )
        )


async def serve(port: int) -> None:
    """Fill the stand-in's index from the database, and answer on loopback until stopped."""
    import uvicorn
    from argilla_server import app
    from argilla_server.cli.search_engine.reindex import Reindexer
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.search_engine import get_search_engine
    from argilla_server.settings import settings

    logging.getLogger("opensearch").setLevel(logging.ERROR)
    if settings.search_engine == ENGINE:
        async with AsyncSessionLocal() as database:
            async for engine in get_search_engine():
                async for dataset in Reindexer.reindex_datasets(database, engine):
                    async for _ in Reindexer.reindex_dataset_records(database, engine, dataset):
                        pass
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    await uvicorn.Server(config).serve()


def work() -> None:
    """Send webhooks and do the other jobs of the server's queues until stopped."""
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import SimpleWorker

    SimpleWorker([HIGH_QUEUE, DEFAULT_QUEUE], connection=REDIS_CONNECTION).work(with_scheduler=True)


if __name__ == "__main__":
    register()
    match sys.argv[1:]:
        case ["prepare"]:
            prepare()
        case ["serve", number]:
            asyncio.run(serve(int(number)))
        case _:
            work()
