export LANG=C.UTF-8 PAGER=less EDITOR=nano LESS=-R
: "${TERM:=xterm-256color}"; export TERM
