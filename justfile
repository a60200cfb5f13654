# Shortcuts. `just` lists them; everything also works without just.

# List the recipes.
default:
    @just --list

# Run a server with a demo person.
demo:
    cargo run -- serve --demo

# Check everything, as CI does.
test *args:
    scripts/test {{args}}

# Run integration tests whose name contains a text, on both engines.
it filter:
    cargo test --workspace --locked --test it -- {{filter}}

# Format and lint.
lint:
    scripts/style
    cargo fmt --all
    cargo clippy --workspace --all-targets --locked -- --deny warnings

# Accept the OpenAPI document as it is now.
openapi:
    INSTA_UPDATE=always cargo test --workspace --locked --test it openapi

# Check licenses and advisories of the dependencies (needs cargo-deny).
deny:
    cargo deny check

# Check spelling (needs typos).
typos:
    typos

# Write the changelog of what is not released yet (needs git-cliff).
changelog:
    git cliff --unreleased
