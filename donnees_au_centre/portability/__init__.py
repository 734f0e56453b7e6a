"""The project for Denodo: compiled to VQL, every character led back to its model, and what VQL refuses."""

from donnees_au_centre.portability.compilation import Compilation, CompiledNode, compile_for_denodo
from donnees_au_centre.portability.places import Place
from donnees_au_centre.portability.refusals import Refusal

__all__ = ["Compilation", "CompiledNode", "Place", "Refusal", "compile_for_denodo"]
