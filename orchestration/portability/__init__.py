"""The project for Denodo: compiled to VQL, every character led back to its model, and what VQL refuses."""

from orchestration.portability.compilation import Compilation, CompiledNode, compile_for_denodo
from orchestration.portability.places import Place
from orchestration.portability.refusals import Refusal

__all__ = ["Compilation", "CompiledNode", "Place", "Refusal", "compile_for_denodo"]
