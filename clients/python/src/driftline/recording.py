"""The prediction that is being made: what ``track_metric`` adds to, and the decorator and context manager around model code."""

from __future__ import annotations

import contextvars
import functools
import inspect
import time
from collections.abc import Mapping as AnyMapping
from types import TracebackType

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, Union, cast

from . import lifecycle
from .convert import snapshot
from .encoder import Prediction, Series
from .ids import new_id, resolve_id

if TYPE_CHECKING:
    from .client import Client

F = TypeVar("F", bound=Callable[..., Any])
#: Tags of every prediction, or a function of the call's arguments.
Tags = Union[Mapping[str, Any], Callable[..., Mapping[str, Any]], None]

_perf = time.perf_counter
_wall = time.time
_cpu = time.thread_time

class Recording:
    """One prediction. Used as a context manager, or by the decorator."""

    __slots__ = ("id", "client", "series", "given", "inputs", "outputs", "tracked", "tags", "crn", "cpu", "_token", "_wall", "_perf", "_cpu")  # fmt: skip

    def __init__(self, client: "Client", series: Series, inputs: Any, prediction_id: Optional[str] = None) -> None:
        self.client = client
        self.series = series
        if prediction_id is None:
            self.id = self.given = new_id()
        else:
            self.given = prediction_id
            self.id = resolve_id(prediction_id)
        self.inputs = inputs
        self.outputs: Any = None
        self.tracked: Optional[Dict[str, Any]] = None
        self.tags: Optional[Dict[str, Any]] = None
        self.crn: Optional[str] = None
        # A coroutine shares its thread with others: the thread's CPU time is not its own.
        self.cpu = True

    def track_metric(self, key: str, value: Any) -> str:
        """See ``driftline.track_metric``."""
        if self.tracked is None:
            self.tracked = {}
        self.tracked[key] = snapshot(value)
        return self.id

    def track_tag(self, key: str, value: Any) -> str:
        """See ``driftline.track_tag``."""
        if self.tags is None:
            self.tags = {}
        self.tags[key] = value
        return self.id

    def set_outputs(self, outputs: Any) -> None:
        """What the model said: a scalar or an object."""
        self.outputs = outputs

    def start(self) -> None:
        self._token = current.set(self)
        self._wall = _wall()
        self._cpu = _cpu() if self.cpu else 0.0
        self._perf = _perf()

    def finish(self, error: Optional[BaseException]) -> None:
        """Queue what happened. Raises nothing."""
        latency = (_perf() - self._perf) * 1000
        cpu_ms = (_cpu() - self._cpu) * 1000 if self.cpu else None
        try:
            current.reset(self._token)
        except ValueError:
            pass  # left in another context than entered, as generators may
        client = self.client
        try:
            client._put(
                Prediction(
                    self.series, self.given, int(self._wall * 1000), self.inputs, snapshot(self.outputs), self.tracked, None, self.tags,
                    latency, None if error is None else describe(error), None, None, cpu_ms, client._worker.memory_bytes, True, self.crn,
                )  # fmt: skip
            )
        except Exception as fault:
            client._fault(fault)

    def __enter__(self) -> "Recording":
        self.start()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.finish(error)


current: "contextvars.ContextVar[Optional[Recording]]" = contextvars.ContextVar("driftline_prediction", default=None)


def describe(error: BaseException) -> str:
    """The error's kind and text."""
    try:
        return f"{type(error).__name__}: {error}"[:1000]
    except Exception:
        return type(error).__name__


class Decorator:
    """Wraps predict functions; one a function."""

    def __init__(
        self, client: Callable[[], "Client"], name: str, version: Optional[str], deployment: Optional[str], tags: Tags,
        prediction_id: Optional[Callable[..., Any]],
    ) -> None:  # fmt: skip
        self._client = client
        self._name = name
        self._version = version
        self._deployment = deployment
        self._tags = tags
        self._prediction_id = prediction_id
        lifecycle.prepare()

    def wrap(self, function: F) -> F:
        names = parameter_names(function)
        record = self._record

        wrapped: Any
        if inspect.iscoroutinefunction(function):

            async def run_async(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tuple[Any, str]:
                recording = record(names, args, kwargs)
                recording.cpu = False
                recording.start()
                try:
                    result = await function(*args, **kwargs)
                except BaseException as error:
                    recording.finish(error)
                    raise
                recording.outputs = result
                recording.finish(None)
                return result, recording.id

            @functools.wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                return (await run_async(args, kwargs))[0]

            async def with_id_async(*args: Any, **kwargs: Any) -> Tuple[Any, str]:
                """Await the function; its result and the prediction's UUID."""
                return await run_async(args, kwargs)

            wrapped, wrapped.with_id = call_async, with_id_async
            return cast(F, wrapped)

        def run(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tuple[Any, str]:
            recording = record(names, args, kwargs)
            recording.start()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                recording.finish(error)
                raise
            recording.outputs = result
            recording.finish(None)
            return result, recording.id

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return run(args, kwargs)[0]

        def with_id(*args: Any, **kwargs: Any) -> Tuple[Any, str]:
            """Call the function; its result and the prediction's UUID."""
            return run(args, kwargs)

        wrapped, wrapped.with_id = call, with_id
        return cast(F, wrapped)

    def _record(self, names: List[str], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Recording:
        client = self._client()
        prediction_id = self._own(client, self._prediction_id, args, kwargs)
        inputs = None
        try:
            inputs = bind(names, args, kwargs)
        except Exception as fault:
            client._fault(fault)
        version = client.settings.version if self._version is None else self._version
        deployment = client.settings.deployment if self._deployment is None else self._deployment
        recording = Recording(client, (self._name, version, deployment), inputs, None if prediction_id is None else str(prediction_id))
        tags = self._own(client, self._tags, args, kwargs) if callable(self._tags) else self._tags
        if isinstance(tags, AnyMapping):
            recording.tags = dict(tags)
        return recording

    def _own(self, client: "Client", function: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        """What the caller's own function says; nothing where it fails, because the prediction must not."""
        if function is None:
            return None
        try:
            return function(*args, **kwargs)
        except Exception as fault:
            client._fault(fault)
            return None


def parameter_names(function: Callable[..., Any]) -> List[str]:
    """Names of the positional parameters; an instance or class in front is no input and has an empty name."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    names = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return ["" if i == 0 and name in ("self", "cls") else name for i, name in enumerate(names)]


def bind(names: List[str], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
    """The inputs of a call: its one dict as it is, else its arguments by their names. Taken before the call, which may change them."""
    if names and names[0] == "":
        args, names = args[1:], names[1:]
    if len(args) == 1 and not kwargs and isinstance(args[0], dict):
        return snapshot(args[0])
    inputs = {name: snapshot(value) for name, value in zip(names, args)}
    if len(args) > len(names):
        inputs["args"] = snapshot(list(args[len(names) :]))
    for name, value in kwargs.items():
        inputs[name] = snapshot(value)
    return inputs
