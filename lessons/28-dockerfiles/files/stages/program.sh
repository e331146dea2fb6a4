#!/bin/sh
echo "made in the first stage"
