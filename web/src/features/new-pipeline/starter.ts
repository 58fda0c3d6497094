/** What the text begins with: it can be saved and run as it stands. */
export const STARTER = `version: 1
name: hello
steps:
  build:
    run: echo built
  test:
    needs: build
    run: echo tested
`;
