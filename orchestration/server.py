"""The server of one code location: Dagster's own, with what a process that stays needs."""

from __future__ import annotations

import logging
import os
import sys
import threading
import uuid
from typing import Any

from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.utils import FuturesAwareThreadPoolExecutor
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.server import DagsterApiServer, DagsterGrpcServer, LoadedRepositories
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster._utils.interrupts import setup_interrupt_handlers


class Server(DagsterApiServer):
    """Dagster's own, that reads the definitions again in its process when the interface asks.

    Dagster would start a second process a location for that.
    """

    def ReloadCode(self, _request: Any, _context: Any) -> Any:
        """Reads the manifest again; what cannot be read is shown, and its runs go on."""
        with self._reload_lock:
            # By equality, not identity: they would give the jobs of before.
            ReconstructableJob.get_definition.cache_clear()
            ReconstructableJob.get_repository_definition.cache_clear()
            try:
                self._loaded_repositories = LoadedRepositories(
                    self._loadable_target_origin,
                    entry_point=self._entry_point,
                    container_image=self._container_image,
                    container_context=self._container_context,
                )
                self._serializable_load_error = None
            except Exception:
                self._loaded_repositories = None
                self._serializable_load_error = serializable_error_info_from_exc_info(sys.exc_info())
            # Who holds what it gave before asks again.
            self._server_id = str(uuid.uuid4())
        return dagster_api_pb2.ReloadCodeReply()


def serve(target: LoadableTargetOrigin, alive: int | None = None, **place: Any) -> None:
    """Serves a location until it is asked to stop; a location that does not load says why to who asks.

    Args:
        target: what it loads.
        alive: a pipe that is closed when who needs this server is gone; it then ends with its last run.
        place: `socket`, or `host` and `port`.
    """
    setup_interrupt_handlers()
    logger = logging.getLogger("dagster.code_server")
    ended, threads = threading.Event(), FuturesAwareThreadPoolExecutor()
    servicer = Server(
        server_termination_event=ended,
        logger=logger,
        server_threadpool_executor=threads,
        loadable_target_origin=target,
        lazy_load_user_code=True,
    )
    if alive is not None:
        threading.Thread(target=_follow, args=(alive, servicer), daemon=True).start()
    try:
        DagsterGrpcServer(ended, servicer, logger, threads, **place).serve()
    except KeyboardInterrupt:
        logger.info("Stopped.")


def _follow(alive: int, servicer: Server) -> None:
    while os.read(alive, 1):
        pass
    servicer.ShutdownServer(dagster_api_pb2.Empty(), None)
