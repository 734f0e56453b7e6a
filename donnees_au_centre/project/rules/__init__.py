"""The rules of the project, by subject; donnees_au_centre.project.checks runs them all."""
