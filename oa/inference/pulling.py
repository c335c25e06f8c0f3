"""Fetches models from the Hugging Face hub, or from one that speaks its protocol."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oa.errors import BadModel, UpstreamFailed

SPARE_BYTES = 256 * 1024 * 1024
"""So much stays free on the disk."""

DIRECTORY_PATTERNS = ("*.json", "*.safetensors", "*.model", "*.jinja", "*.txt")
"""What is fetched of a repository that holds a Hugging Face or EXL2 model."""


@dataclass(frozen=True, slots=True)
class Source:
    """A repository, and what is wanted of it."""

    repository: str
    revision: str | None = None
    pattern: str | None = None
    """Which files, such as `*Q4_K_M.gguf`; None is the whole model."""
    endpoint: str | None = None
    """The hub's address; None is the public one."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the hub. The size is None where the hub does not say."""

    name: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was fetched."""

    path: Path
    """The GGUF file, the first of several that belong together, or the directory."""
    commit: str


def pull(source: Source, directory: Path, tell: Callable[[Sequence[RemoteFile]], None]) -> Pulled:
    """Fetch a model. What an earlier, broken attempt has fetched is not fetched again.

    Args:
        directory: where the files go; made if need be.
        tell: called once with what will be fetched.

    Raises:
        BadModel: there is no such repository, revision or file, or it does not say which file is meant, or the disk is
            too small.
        UpstreamFailed: the hub cannot be reached, or broke off.
    """
    commit, files = _guarded(source, lambda library: _look(library, source))
    wanted = choose(files, source)
    _see_that_it_fits(wanted, directory)
    tell(wanted)
    for file in wanted:
        _guarded(source, lambda library, file=file: _fetch(library, source, file, (commit, directory)))
    ggufs = sorted(file.name for file in wanted if file.name.endswith(".gguf"))
    return Pulled(directory / ggufs[0] if ggufs else directory, commit)


def choose(files: Sequence[RemoteFile], source: Source) -> list[RemoteFile]:
    """The files that make up one model.

    Raises:
        BadModel: none does, or several would; the message lists them.
    """
    ggufs = [file for file in files if file.name.endswith(".gguf")]
    if source.pattern is not None:
        found = [file for file in files if fnmatch.fnmatch(file.name, source.pattern)]
        if not found:
            raise BadModel(f"{source.repository} has no file like {source.pattern}; it has {_listed(ggufs or files)}")
        _see_that_it_is_one([file for file in found if file.name.endswith(".gguf")], source)
        return found
    whole = [file for file in files if any(fnmatch.fnmatch(file.name, pattern) for pattern in DIRECTORY_PATTERNS)]
    if any(file.name.endswith(".safetensors") for file in whole):
        return [file for file in whole if "/" not in file.name]
    if not ggufs:
        raise BadModel(f"{source.repository} holds no model in GGUF or safetensors; it has {_listed(files)}")
    _see_that_it_is_one(ggufs, source)
    return ggufs


def _see_that_it_is_one(ggufs: Sequence[RemoteFile], source: Source) -> None:
    """One file, or the parts of one."""
    stems = {file.name.rpartition("-of-")[0].rpartition("-")[0] or file.name for file in ggufs}
    if len(stems) > 1:
        raise BadModel(f"{source.repository} has several models; name one with --file: {_listed(ggufs)}")


def _listed(files: Sequence[RemoteFile]) -> str:
    shown = [f"{file.name} ({_size(file.size_bytes)})" if file.size_bytes else file.name for file in files[:20]]
    return ", ".join(shown) + (", ..." if len(files) > len(shown) else "") if shown else "nothing"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _see_that_it_fits(files: Sequence[RemoteFile], directory: Path) -> None:
    existing = next(parent for parent in (directory, *directory.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    needed = sum(file.size_bytes or 0 for file in files if not (directory / file.name).exists())
    if needed + SPARE_BYTES > free:
        raise BadModel(f"the model takes {_size(needed)}, and {existing} has {_size(free)} free: make room first")


def _look(library: Any, source: Source) -> tuple[str, list[RemoteFile]]:
    hub = library.HfApi(endpoint=source.endpoint)
    info = hub.model_info(source.repository, revision=source.revision, files_metadata=True)
    siblings: list[Any] = info.siblings or []
    return str(info.sha), [RemoteFile(file.rfilename, file.size) for file in siblings]


def _fetch(library: Any, source: Source, file: RemoteFile, goal: tuple[str, Path]) -> None:
    commit, directory = goal
    library.hf_hub_download(
        source.repository, file.name, revision=commit, local_dir=directory, endpoint=source.endpoint
    )


def _guarded(source: Source, work: Callable[[Any], Any]) -> Any:
    import huggingface_hub
    from huggingface_hub import errors

    library: Any = huggingface_hub
    failures: Any = errors
    try:
        return work(library)
    except failures.GatedRepoError as error:
        raise BadModel(
            f"{source.repository} wants its terms accepted: do so on its page, and set HF_TOKEN to a token of yours"
        ) from error
    except failures.RevisionNotFoundError as error:
        raise BadModel(f"{source.repository} has no revision {source.revision!r}") from error
    except failures.RepositoryNotFoundError as error:
        raise BadModel(
            f"there is no repository {source.repository!r}; if it is private, set HF_TOKEN to a token that may read it"
        ) from error
    except failures.LocalEntryNotFoundError as error:  # nothing came, and nothing was there before
        raise UpstreamFailed(_why(source, error)) from error
    except (failures.HFValidationError, failures.EntryNotFoundError) as error:
        raise BadModel(f"{source.repository!r} cannot be fetched: {str(error).splitlines()[0]}") from error
    except (failures.HfHubHTTPError, failures.OfflineModeIsEnabled, OSError) as error:
        raise UpstreamFailed(_why(source, error)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "requests"):
            raise UpstreamFailed(_why(source, error)) from error
        raise


def _why(source: Source, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    where = source.endpoint or "the Hugging Face hub"
    return f"{where} cannot be reached, or broke off ({reason[:200]}); the same command goes on where it stopped"
