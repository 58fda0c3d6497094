#!/bin/sh
# As the official image: at the first start tables, MARIADB_DATABASE, and MARIADB_USER with its password.
set -eu
shift # mariadbd
if [ ! -d /var/lib/mysql/mysql ]; then
    mariadb-install-db --no-defaults --datadir=/var/lib/mysql --auth-root-authentication-method=socket --skip-test-db >/dev/null
    mariadbd --no-defaults --datadir=/var/lib/mysql --bootstrap <<SQL
FLUSH PRIVILEGES;
CREATE DATABASE $MARIADB_DATABASE;
CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$(cat "$MARIADB_PASSWORD_FILE")';
GRANT ALL ON $MARIADB_DATABASE.* TO '$MARIADB_USER'@'%';
SQL
fi
exec mariadbd --no-defaults --datadir=/var/lib/mysql --socket=/run/mysqld/mysqld.sock --bind-address=0.0.0.0 "$@"
