# An interactive shell on a lab's host.
case $- in *i*) ;; *) return ;; esac

PS1='\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '

# Every command is kept as soon as it has run, and shared with the other terminals of this host.
HISTCONTROL=ignoreboth
HISTSIZE=10000
HISTFILESIZE=20000
shopt -s histappend checkwinsize
PROMPT_COMMAND='history -a'

alias ls='ls --color=auto'
alias ll='ls -l'
alias grep='grep --color=auto'
alias ip='ip -color=auto'
alias vim='vi'

# What can be completed takes 1.6 MB of every shell and three quarters of its start, so it is read at the first Tab. It ends with 124, which has bash look again.
_slipway_first_tab() { . /usr/share/bash-completion/bash_completion; _comp_complete_load "$@"; }
complete -D -F _slipway_first_tab
