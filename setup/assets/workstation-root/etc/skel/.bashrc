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

. /usr/share/bash-completion/bash_completion
