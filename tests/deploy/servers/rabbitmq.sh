#!/bin/sh
# As the official image: settings in /etc/rabbitmq/conf.d, everything else in /var/lib/rabbitmq.
set -eu
export RABBITMQ_CONFIG_FILES=/etc/rabbitmq/conf.d RABBITMQ_MNESIA_BASE=/var/lib/rabbitmq/mnesia
export RABBITMQ_LOGS=- RABBITMQ_ENABLED_PLUGINS_FILE=/var/lib/rabbitmq/enabled_plugins RABBITMQ_PID_FILE=/var/lib/rabbitmq/pid
exec /usr/lib/rabbitmq/bin/rabbitmq-server
