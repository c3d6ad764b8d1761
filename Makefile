# The verbs. Each for a customer prints the line it runs; that line works without make, too.
#   CUSTOMER  a folder under inventories/ or the path of a customer folder elsewhere (default: demo)
#   ARGS      passed on, for example ARGS='--limit acme-jvb-2 --tags videobridge'
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

CUSTOMER ?= demo
FOLDER := $(firstword $(wildcard inventories/$(CUSTOMER)/plan.yml $(CUSTOMER)/plan.yml))
FOLDER := $(patsubst %/plan.yml,%,$(FOLDER))
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# A customer folder may bring the credentials of its own cloud.
CLOUDS := $(abspath $(wildcard $(FOLDER)/clouds.yaml))
ENVIRONMENT := $(if $(CLOUDS),OS_CLIENT_CONFIG_FILE=$(CLOUDS) )$(shell scripts/accelerate)

# Stop without a customer folder.
define folder
@test -n "$(FOLDER)" || { echo "make: no customer folder inventories/$(CUSTOMER) or $(CUSTOMER) with a plan.yml." \
  "Cure: make new-customer NAME=$(CUSTOMER) DOMAIN=... PLAN=... CLOUD=..., or CUSTOMER=<path>" >&2; exit 2; }
endef

# $(call run,COMMAND): print the line, then run it.
define run
$(folder)
@echo "+ $(ENVIRONMENT) $(1)"
@$(ENVIRONMENT) $(1)
endef
# $(call playbook,NAME,INVENTORY)
playbook = $(call run,ansible-playbook -i $(2) playbooks/$(1).yml $(ARGS))

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## the Python environment and the collections, pinned
	@scripts/bootstrap

SCAFFOLD := NAME DOMAIN PLAN CLOUD DIR REGION EMAIL IMPRINT PRIVACY IMAGE NETWORK MODERATORS \
  FLAVOR_MEET FLAVOR_VIDEOBRIDGE FLAVOR_TURN
new-customer: setup ## NAME= DOMAIN= PLAN= CLOUD=: scaffold a customer folder with a fresh seed in an encrypted vault
	@scripts/new-customer $(foreach v,$(SCAFFOLD),$(if $($v),$v=$($v)))

validate: setup ## refuse choices and plans that cannot work; asks no cloud, touches nothing
	$(call playbook,validate,$(FOLDER)/plan.yml)

plan: setup ## what would be there: servers, networks, ports, DNS, versions, capacity, picture; touches nothing
	$(call playbook,plan,$(FOLDER)/plan.yml)

deploy: setup ## validate, provision, configure, verify, summary
	$(call playbook,site,$(FOLDER))

verify: setup ## is the conference there?
	$(call playbook,verify,$(FOLDER))

retire: setup ## delete servers the plan no longer has (ARGS='-e retire=CUSTOMER')
	$(call playbook,retire,$(FOLDER))

destroy: setup ## delete everything of the customer and prove that nothing is left (asks for the name)
	$(call playbook,destroy,$(FOLDER))

demo: setup ## nothing but this checkout -> own OpenStack here, an example customer on it, verified
	@scripts/demo

users: setup ## ACTION=list|show|add|reset|remove|seats NAME= MODERATOR=yes|no: accounts; passwords on the terminal only
	$(call run,scripts/users '$(FOLDER)' $(foreach v,ACTION NAME MODERATOR,$(if $($v),'$v=$($v)')))

stream: setup ## where to publish a stream, and its key; on the terminal only
	$(call run,scripts/stream '$(FOLDER)')

e2e: setup ## demo, verify, a second run without change, destroy without a leak
	@scripts/e2e

lab-up: setup ## the embedded OpenStack and the stand-in packages
	@scripts/lab up

lab-down: ## stop them; leaves nothing behind but caches
	@scripts/lab down

lint: setup ## ansible-lint (production), yamllint, ruff, shellcheck
	@scripts/lint

test: setup ## every test but the end-to-end run; says what it installs
	@scripts/test

bench: setup ## measure validation, provisioning, configuration, logins, the page, relays and the stream; docs/performance.md has the numbers
	@scripts/bench

lock: ## resolve pyproject.toml anew into requirements.txt
	@scripts/bootstrap
	.tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --group test pyproject.toml -o requirements.txt

.PHONY: help setup new-customer validate plan deploy verify retire destroy users stream demo e2e lab-up lab-down lint test bench lock
