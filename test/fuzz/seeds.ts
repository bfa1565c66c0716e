/** A workflow that uses most of the language, from which others are made by mutation. */
export const workflowText = `name: CI
run-name: \${{ github.actor }} runs \${{ github.ref }}
on:
  push:
    branches: [main, 'releases/**', '!releases/old']
    paths-ignore: ['docs/**']
  pull_request:
    types: [opened, synchronize]
  schedule:
    - cron: '30 5 * * 1-5'
  workflow_dispatch:
    inputs:
      level:
        description: how loud
        type: choice
        options: [info, debug]
        default: info
        required: true
      dry:
        type: boolean
env: &common
  CI: true
  WHO: \${{ github.actor }}
defaults:
  run:
    shell: bash
    working-directory: .
permissions:
  contents: read
concurrency:
  group: ci-\${{ github.ref }}
  cancel-in-progress: \${{ github.event_name == 'pull_request' }}
jobs:
  build:
    name: Build \${{ matrix.node }}
    runs-on: ubuntu-latest
    timeout-minutes: 10
    continue-on-error: \${{ matrix.experimental || false }}
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix:
        node: [20, 22]
        os: [linux]
        include:
          - node: 24
            experimental: true
        exclude:
          - node: 20
            os: mac
    env: *common
    outputs:
      version: \${{ steps.v.outputs.version }}
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - id: v
        name: Version
        if: \${{ success() && github.ref != 'x' }}
        run: |
          echo "version=1.\${{ matrix.node }}" >> "$GITHUB_OUTPUT"
          echo done
        env:
          TOKEN: \${{ secrets.TOKEN }}
      - run: exit 1
        continue-on-error: true
        shell: sh
        timeout-minutes: 2
  deploy:
    needs: [build]
    if: always() && needs.build.result == 'success'
    runs-on: [self-hosted, linux]
    environment:
      name: production
      url: https://example.com
    steps:
      - run: echo "\${{ needs.build.outputs.version }}"
  call:
    needs: build
    uses: ./.github/workflows/called.yml
    with:
      level: debug
    secrets: inherit
`;

/** An action that uses most of its language. */
export const actionText = `name: Greet
description: says hello
author: ana
inputs:
  who:
    description: whom
    required: true
    default: world
  loud:
    description: how
    deprecationMessage: speak softly
outputs:
  time:
    description: when
    value: \${{ steps.now.outputs.time }}
runs:
  using: composite
  steps:
    - id: now
      run: |
        echo "time=$(date)" >> "$GITHUB_OUTPUT"
      shell: bash
      if: \${{ inputs.who != '' }}
      env:
        WHO: \${{ inputs.who }}
      working-directory: .
    - uses: ./other
      with:
        who: \${{ inputs.who }}
      continue-on-error: true
branding:
  icon: sun
  color: blue
`;
