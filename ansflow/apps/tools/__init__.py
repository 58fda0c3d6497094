"""CI/CD tools: this installation, and the Jenkins, GitLab or GitHub that a team already has."""
