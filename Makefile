# The verbs. Each for a customer prints the line it runs; after `. scripts/environment` that line works without make, too.
#   CUSTOMER  a folder under inventories/ or the path of a customer folder elsewhere (default: demo)
#   ARGS      passed on, for example ARGS='--limit acme-jvb-2 --tags videobridge'
#   VERBOSE   1: Ansible's own output; otherwise that goes to run.log in the customer's state folder, and stages are shown
#   WHEN      now: daemons that need a restart get it although it ends meetings; otherwise the run leaves them and says so
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

CUSTOMER ?= demo
# What is written on make's command line is text: make expands nothing in it ($$(shell ...)), and the shell gets it in quotes.
GIVEN := $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))
$(foreach v,$(GIVEN) CUSTOMER ARGS,$(eval override $v := $$(value $v)))
define newline


endef
$(foreach v,$(GIVEN) CUSTOMER ARGS,$(if $(findstring $(newline),$($v)),$(error $v has a line break: write it on one line)))
# $(call quote,TEXT): one word for the shell. $(call given,NAME ...): NAME='value' of each that the command line has; the
# environment's do not count (NAME and EMAIL are set on many machines).
quote = '$(subst ','\'',$(1))'
given = $(foreach v,$(filter $(GIVEN),$(1)),$(if $($v),$(call quote,$v=$($v))))
# The words of ARGS as a shell would split them, each quoted anew.
ARGUMENTS := $(if $(ARGS),$(shell xargs printf ' %q' <<< $(call quote,$(ARGS))))
$(if $(filter-out 0,$(if $(ARGS),$(.SHELLSTATUS))),$(error ARGS has a quote that does not end: write ARGS='--limit acme-meet'))
RESTARTS := $(if $(filter WHEN,$(GIVEN)), -e $(call quote,restarts=$(WHEN)))

FOLDER := $(shell for folder in $(call quote,inventories/$(CUSTOMER)) $(call quote,$(CUSTOMER)); do \
  if [ -f "$$folder/plan.yml" ]; then printf %s "$$folder"; break; fi; done)
# A customer folder may bring the credentials of its own cloud.
CLOUDS := $(shell [ ! -f $(call quote,$(FOLDER)/clouds.yaml) ] || realpath --no-symlinks $(call quote,$(FOLDER)/clouds.yaml))
ENVIRONMENT := $(if $(CLOUDS),OS_CLIENT_CONFIG_FILE=$(call quote,$(CLOUDS)) )$(shell scripts/accelerate)

# Stop without a customer folder.
define folder
@test -n $(call quote,$(FOLDER)) || { printf 'make: no customer folder inventories/%s or %s with a plan.yml. Fix: make \
  new-customer NAME=... DOMAIN=... PLAN=... CLOUD=..., or CUSTOMER=<path>\n' $(call quote,$(CUSTOMER)) $(call quote,$(CUSTOMER)) \
  >&2; exit 2; }
endef

# $(call run,COMMAND): print the line, then run it.
define run
$(folder)
@printf '+ %s\n' $(call quote,$(ENVIRONMENT) $(1))
@. scripts/environment; $(ENVIRONMENT) $(1)
endef
# $(call playbook,NAME,FILE,OPTIONS): a playbook on the customer folder, or on one file of it.
SHOWN := $(if $(filter-out 0,$(VERBOSE)),,ANSIBLE_STDOUT_CALLBACK=progress )
playbook = $(call run,$(SHOWN)ansible-playbook -i $(call quote,$(FOLDER)$(2)) playbooks/$(1).yml$(3)$(RESTARTS)$(ARGUMENTS))
# $(call option,NAME,VARIABLE): the extra variable, if the command line has NAME.
option = $(if $(filter $(GIVEN),$(1)), -e $(call quote,$(2)=$($(1))))

help: ## list the verbs
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the Python environment and the collections, pinned
	@scripts/bootstrap

SCAFFOLD := NAME DOMAIN PLAN CLOUD DIR REGION EMAIL IMPRINT PRIVACY IMAGE NETWORK MODERATORS \
  FLAVOR_MEET FLAVOR_VIDEOBRIDGE FLAVOR_TURN
new-customer: setup ## NAME= DOMAIN= PLAN= CLOUD=: scaffold a customer folder with a fresh seed in an encrypted vault
	@. scripts/environment; scripts/new-customer $(call given,$(SCAFFOLD))

validate: setup ## refuse settings, plans and releases that cannot work; asks no cloud, changes nothing
	$(call playbook,validate,/plan.yml)

plan: setup ## show servers, ports, DNS records, versions, capacity and a picture, and what the cloud cannot serve; changes nothing
	$(call playbook,plan,/plan.yml)

deploy: setup ## validate, provision, configure, verify, summary
	$(call playbook,site)

verify: setup ## check the conference from a participant's point of view
	$(call playbook,verify)

DRAIN = $(call option,HOST,drain)$(call option,MODE,drain_mode)$(call option,MINUTES,drain_minutes)$(call \
  option,FORCE,drain_force)
drain: setup ## HOST= [MODE=move|wait] [MINUTES=60] [FORCE=yes]: empty a bridge: it takes no new meetings, and its meetings move to other bridges
	$(call playbook,drain,,$(DRAIN))

undrain: setup ## HOST=: make a drained bridge take meetings again
	$(call playbook,undrain,,$(call option,HOST,undrain))

retire: setup ## delete servers the plan no longer has (ARGS='-e retire=CUSTOMER')
	$(call playbook,retire)

destroy: setup ## delete everything of the customer and list what is left: nothing (asks for the name)
	$(call playbook,destroy)

demo: setup ## self-contained: run an OpenStack on this machine and an example customer on it, verified
	@scripts/demo

users: setup ## ACTION=list|show|add|reset|remove|seats NAME= MODERATOR=yes|no: manage accounts; shows passwords on the terminal only
	$(call run,scripts/users $(call quote,$(FOLDER)) $(call given,ACTION NAME MODERATOR))

ssh: setup ## HOST=: log in to a server; ARGS='sudo nft list ruleset' runs a command there; without HOST, list the servers
	$(call run,scripts/ssh $(call quote,$(FOLDER)) $(call given,HOST)$(ARGUMENTS))

stream: setup ## show where to publish a stream, and its key, on the terminal only
	$(call run,scripts/stream $(call quote,$(FOLDER)))

# The repository is the default's unless a customer is named.
RELEASES = scripts/releases $(if $(filter CUSTOMER,$(GIVEN)),$(call quote,$(FOLDER))) $(call given,ADD)
releases: setup ## list the Jitsi releases of the repository and of the catalogue; ADD=2.0.N writes one into the catalogue
	$(if $(filter CUSTOMER,$(GIVEN)),$(folder))
	@printf '+ %s\n' $(call quote,$(RELEASES))
	@. scripts/environment; $(RELEASES)

history: setup ## show who ran what for the customer, when and with what result, from the state folder
	$(call playbook,history,/plan.yml)

sbom: setup ## list packages and programs of each server (CycloneDX) in the customer's state folder; changes no server
	$(call playbook,sbom)

e2e: setup ## end-to-end run: demo, verify, a second run without change, destroy without a leak
	@scripts/e2e

lab-up: setup ## start the embedded OpenStack and the stand-in packages
	@scripts/lab up

lab-down: ## stop both; leaves only caches
	@scripts/lab down

lint: setup ## ansible-lint (production), yamllint, ruff, mypy, shellcheck, and the documents as in make docs
	@scripts/lint

test: setup ## run every test but the end-to-end run; says what it installs
	@scripts/test

mutants: setup ## make small breaking changes, one at a time, and name those that no test notices (ARGS=<part of a file's or a list's name>)
	@scripts/mutants$(ARGUMENTS)

hostile: setup ## try hundreds of hostile customer folders; count executed code, crashes, hangs and leaked secrets
	@. scripts/environment; PYTHONPATH=.:tests/contract:tests/hostile python tests/hostile/hostile.py

fuzz: setup ## MINUTES=: fuzz each of the toolkit's parsers for that long
	@scripts/fuzz $(call quote,$(or $(MINUTES),1))

test-fresh: ## run make demo in a QEMU guest with a fresh Debian, control groups of version 2 only and 8 GB of memory (ARGS=<release>)
	@scripts/test-fresh$(ARGUMENTS)

bench: setup ## measure validation, provisioning, configuration, logins, the page, crowds, relays and the stream; docs/performance.md has the figures
	@bench/run

docs: setup ## build the documents as a site in .cache/site; a broken link or a page missing in its menu fails
	@scripts/docs

figures: setup ## measure the code: types, complexity, names of tasks, exemptions, sizes; docs/development.md has the latest
	@.venv/bin/python scripts/figures.py

lock: ## resolve the dependencies of pyproject.toml into requirements.txt and requirements-{bootstrap,docs,fuzz}.txt
	@scripts/bootstrap
	.tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --group test pyproject.toml -o requirements.txt
	.tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --no-deps --group bootstrap -o requirements-bootstrap.txt
	.tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --group docs -o requirements-docs.txt
	.tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --no-deps --group fuzz -o requirements-fuzz.txt

.PHONY: help setup new-customer validate plan deploy verify drain undrain retire destroy users ssh stream releases history sbom demo e2e lab-up lab-down lint test mutants hostile fuzz test-fresh bench docs figures lock
