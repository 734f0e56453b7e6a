# A thin skin: each target is one command of `python -m donnees_au_centre`, run in the environment of this checkout.
# start.sh makes that environment the first time. Works from any folder (make -C, make -f) and below any path.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

# MAKEFILE_LIST is " <path>/Makefile"; quoted, because the path may hold spaces and apostrophes.
quote = '$(subst ','\'',$(1))'
ROOT := $(shell file=$$(printf '%s' $(call quote,$(MAKEFILE_LIST)) | sed 's/^ *//'); cd "$$(dirname "$$file")" && pwd)
# The folder in which the user typed `make`: LANDING=../x is relative to it.
export CALLER_FOLDER := $(PWD)

# Options stand on the command line or before it: `make x STRICT=1`, `STRICT=1 make x`. Not these: some systems
# set NAME or PORT for everyone, and what erases is confirmed, in a database that is named, each time.
TYPED := ACCEPTER_BAISSE BASE CONFIRMER NAME PORT
$(foreach option,$(TYPED),$(if $(filter environment,$(origin $(option))),$(eval unexport $(option))))
$(foreach option,BASE CONFIRMER,$(if $(filter environment,$(origin $(option))),$(shell \
	echo "$(option) dans l'environnement ne compte pas : écrivez-le après make, à chaque fois." >&2)))

RUN = @sh $(call quote,$(ROOT)/dev/setup/start.sh)

##@ Essayer
.PHONY: demo
demo: ## Charge la zone de dépôt, construit et teste tout, puis résume (LANDING=…, STRICT=1, TOUT=1)
	$(RUN) demo
.PHONY: ui
ui: ## Ouvre Dagster pour ce seul navigateur (PORT=3000) ; Ctrl-C ou make stop l'arrête
	$(RUN) ui
.PHONY: docs
docs: ## Ouvre la documentation dbt pour ce seul navigateur (PORT=8080)
	$(RUN) docs
.PHONY: learn
learn: ## Ouvre les exercices de SQL dans le navigateur, sur l'échantillon (PORT=8090 ; SANS_SERVEUR=1 : les écrit seulement)
	$(RUN) learn
.PHONY: training
training: ## Écrit de quoi former : fiches A4 par rôle, diaporama, page de la communauté (build/formation), sans base de données
	$(RUN) training

##@ Travailler
.PHONY: load
load: ## Charge seulement la zone de dépôt et les sources (LANDING=…, STRICT=1, TOUT=1)
	$(RUN) load
.PHONY: source-check
source-check: ## Essaie la déclaration d'une source : connexion, colonnes, premières lignes (NAME=source.table)
	$(RUN) source-check
.PHONY: accept
accept: ## Montre ce qu'un fichier en attente changerait ; CONFIRMER=1 : le charge (FICHIER=…)
	$(RUN) accept
.PHONY: withdraw
withdraw: ## Montre ce que retirer un fichier efface ; CONFIRMER=1 : le retire et reconstruit (FICHIER=… ; DEPUIS=… JUSQUA=…)
	$(RUN) withdraw
.PHONY: build
build: ## Construit et teste avec dbt seul (SELECT=age, SELECT=+mon_modele, … ; FICHIER=… : son domaine ; ACCEPTER_BAISSE=1)
	$(RUN) build
.PHONY: show
show: ## Montre le SQL compilé et les premières lignes d'un modèle (MODEL=…)
	$(RUN) show
.PHONY: try
try: ## Essaie une requête avec ref() et source(), sans rien écrire (SQL="…" ou FICHIER=…)
	$(RUN) try
.PHONY: why
why: ## Dit ce qu'est un modèle, qui en répond, comment il va, d'où il vient et qui le lit (MODEL=…)
	$(RUN) why
.PHONY: new-source
new-source: ## Déclare une source inconnue et écrit son staging testé (FICHIER=age/ma_source/… ; ou GENRE=… CONNEXION=… : montre ce qu'a un système, puis AG=… SOURCE=… EMPLACEMENT=… ; DICTIONNAIRE=… : ce que le fournisseur dit de ses colonnes)
	$(RUN) new-source
.PHONY: new-model
new-model: ## Crée un modèle : SQL, YAML et test (AG=… NAME=… ; SOURCE=source.table pour un stg_, MODEL=… sinon)
	$(RUN) new-model
.PHONY: new-indicator
new-indicator: ## Écrit un indicateur : la mesure d'un mart public, suivie (MART=… MESURE="total …" PAR="…" NAME=fct_… ; COLONNE=… DESCRIPTION=… FINALITE=…)
	$(RUN) new-indicator
.PHONY: new-publication
new-publication: ## Écrit ce qui se publie d'un mart en données ouvertes, et son lecteur (MART=… COLONNES="…" NAME=… ; DESCRIPTION=… FINALITE=…)
	$(RUN) new-publication
.PHONY: new-ag
new-ag: ## Déclare une AG : groupe, couches, emplacement, accès (AG=agx NAME="Administration générale…")
	$(RUN) new-ag
.PHONY: new-administration
new-administration: ## Écrit le dépôt d'une autre administration : la plateforme, rien d'ici (DOSSIER=… ; ADMINISTRATION=son fichier)
	$(RUN) new-administration
.PHONY: undo
undo: ## Montre ce que le dernier make new-… a écrit ; CONFIRMER=1 : le retire
	$(RUN) undo
.PHONY: adopt
adopt: ## Lit le projet dbt d'une AG sans rien en exécuter, et dit ce qui y manque (PROJET=../leur_projet AG=agx)
	$(RUN) adopt
.PHONY: denodo-export
denodo-export: ## Écrit les vues pour Denodo, un script ordonné par domaine (build/denodo)
	$(RUN) denodo-export
.PHONY: catalogue
catalogue: ## Écrit le catalogue des jeux de données (build/catalogue), sans base de données
	$(RUN) catalogue
.PHONY: site
site: ## Écrit la documentation en un site où chercher (build/site), et le catalogue, sans base de données
	$(RUN) site
.PHONY: contracts
contracts: ## Écrit le contrat de chaque mart public, au format ODCS (build/contracts), sans base de données
	$(RUN) contracts
.PHONY: report
report: ## Écrit les rapports sur la qualité et les exécutions (build/reports)
	$(RUN) report
.PHONY: elementary
elementary: ## Cherche des anomalies dans les marts avec Elementary complet, si ses paquets sont à portée
	$(RUN) elementary
.PHONY: lineage
lineage: ## Montre d'où vient une colonne et où elle va (MODEL=… COLUMN=…)
	$(RUN) lineage
.PHONY: descriptions
descriptions: ## Propose les descriptions que des colonnes héritent (SOURCE=…, MODEL=… ou AG=…) ou que donne un DICTIONNAIRE=… ; CONFIRMER=1 : les écrit
	$(RUN) descriptions
.PHONY: mcp
mcp: ## Sert à un assistant les descriptions, les règles et la documentation (MCP), sans aucune donnée
	$(RUN) mcp
.PHONY: access
access: ## Applique à la base les accès déclarés (BASE=… sur un serveur partagé)
	$(RUN) access
.PHONY: access-plan
access-plan: ## Montre ce que make access changerait (STRICT=1 : échoue s'il y a une différence)
	$(RUN) access-plan
.PHONY: access-check
access-check: ## Contrôle les accès déclarés et leurs dates de revue
	$(RUN) access-check
.PHONY: alert
alert: ## Montre les messages d'alerte à envoyer maintenant ; CONFIRMER=1 : les envoie
	$(RUN) alert
.PHONY: digest
digest: ## Montre le bilan hebdomadaire (AG=… ou tous) ; CONFIRMER=1 : l'envoie
	$(RUN) digest
.PHONY: connections
connections: ## Écrit de quoi ouvrir la base dans Power BI, Excel ou DBeaver, sans mot de passe (build/connexions)
	$(RUN) connections
.PHONY: env
env: ## Donne les variables pour psql, dbt… : eval "$(make -s env)" (CLES=ag : avec ses clés)
	$(RUN) env

##@ Répondre du RGPD
.PHONY: register
register: ## Écrit le registre des traitements : page et tableur (build/registre)
	$(RUN) register
.PHONY: purge-plan
purge-plan: ## Compte, par jeu de données, ce qui a passé sa durée de conservation
	$(RUN) purge-plan
.PHONY: purge
purge: ## Montre le même plan ; CONFIRMER=1 : l'efface et reconstruit (ARCHIVES=…)
	$(RUN) purge
.PHONY: person-access
person-access: ## Rassemble ce que la base sait d'une personne : page et JSON (IDENTIFIANT=… AG=…)
	$(RUN) person-access
.PHONY: person-erase
person-erase: ## Montre ce qu'un effacement toucherait ; CONFIRMER=1 : efface (IDENTIFIANT=… AG=…)
	$(RUN) person-erase
.PHONY: person-rectify
person-rectify: ## Rectifie une donnée (IDENTIFIANT=… AG=… COLONNE=… VALEUR=… CONFIRMER=1)
	$(RUN) person-rectify

##@ Vérifier
.PHONY: check
check: ## Vérifie en une minute ce qui concerne les fichiers changés (DEPUIS=main)
	$(RUN) check
.PHONY: ci
ci: ## Joue la chaîne GitLab d'une demande de fusion sur cette machine, si Node.js est là (JOB=…)
	$(RUN) ci
.PHONY: slim
slim: ## Construit et teste ce que la branche change, à côté de ce qui existe (DEPUIS=main ; ETAT=…)
	$(RUN) slim
.PHONY: locations
locations: ## Charge chaque emplacement Dagster et dit ce qu'il contient, sans serveur
	$(RUN) locations
.PHONY: slim-drop
slim-drop: ## Supprime de la base ce que des essais interrompus ont laissé
	$(RUN) slim-drop
.PHONY: test
test: ## Vérifie tout : règles d'écriture, puis tous les tests (PYTEST_ARGS=…)
	$(RUN) test
.PHONY: test-long
test-long: ## Joue les longues campagnes : fautes, propriétés, mesures (PYTEST_ARGS=…)
	$(RUN) test-long
.PHONY: test-unit
test-unit: ## Joue les tests unitaires dbt sur une base vide
	$(RUN) test-unit
.PHONY: test-macros
test-macros: ## Joue les cas des macros portables, sur PostgreSQL et en VQL (PYTEST_ARGS=…)
	$(RUN) test-macros
.PHONY: lint
lint: ## Contrôle l'écriture du SQL, du YAML, du Python et les règles du projet
	$(RUN) lint
.PHONY: review
review: ## Écrit ce que change une demande de fusion, pour qui la relit (build/review ; BASE=dossier du manifeste de production)
	$(RUN) review
.PHONY: audit-check
audit-check: ## Vérifie que personne n'a touché au journal d'audit (ANCRE=numéro:condensé)
	$(RUN) audit-check
.PHONY: dependencies
dependencies: ## Écrit l'inventaire des paquets (SBOM) et leur poids (AVIS=… : leurs failles connues)
	$(RUN) dependencies
.PHONY: fix
fix: ## Corrige ce que les outils savent corriger
	$(RUN) fix

##@ Livrer
.PHONY: assemble
assemble: ## Assemble ce qui se livre : la plateforme et les AG, chacune à sa version (build/livraison)
	$(RUN) assemble
.PHONY: release
release: ## Montre la version suivante ; CONFIRMER=1 : l'écrit et l'étiquette (AG=… : d'une AG seule)
	$(RUN) release
.PHONY: copy-prod
copy-prod: ## Montre ce qui se copierait du brut de production, pseudonymisé, dans une base d'essai ; CONFIRMER=1 : le copie (PROD_PG…)
	$(RUN) copy-prod
.PHONY: approvals
approvals: ## Échoue tant qu'un propriétaire de ce qui change n'a pas approuvé (en CI : GITLAB_TOKEN)
	$(RUN) approvals

##@ Entretenir
.PHONY: stop
stop: ## Arrête Dagster, la documentation et le serveur PostgreSQL du projet
	$(RUN) stop
.PHONY: rollback
rollback: ## Montre ce qui reviendrait de la version d'avant ; CONFIRMER=1 : le fait (AG=… ou MODEL=…)
	$(RUN) rollback
.PHONY: backup
backup: ## Sauve la base, l'historique de Dagster et les ancres de l'audit, sans les clés (DOSSIER=…)
	$(RUN) backup
.PHONY: restore
restore: ## Montre une sauvegarde ; CONFIRMER=1 : la met à la place de la base, sans les personnes effacées depuis (DOSSIER=…)
	$(RUN) restore
.PHONY: orphans
orphans: ## Liste les tables que plus aucun modèle ne nomme ; CONFIRMER=1 : les supprime (TABLE=…)
	$(RUN) orphans
.PHONY: clean
clean: ## Montre les résultats et les bases du projet ; CONFIRMER=1 : les efface (.venv reste)
	$(RUN) clean
.PHONY: drivers
drivers: ## Liste les pilotes de sources (SFTP, MySQL, S3…) ; NAME="sftp mysql" : les installe
	$(RUN) drivers
.PHONY: lock
lock: ## Recalcule les listes de paquets depuis requirements.in et pyproject.toml
	$(RUN) lock
.PHONY: help
help: ## Montre cette aide
	@awk '/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { split($$0, part, ":.*## "); printf "  make %-14s %s\n", part[1], part[2] }' \
		$(call quote,$(ROOT)/Makefile)
