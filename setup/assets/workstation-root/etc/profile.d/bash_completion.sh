# In place of the package's own, which reads all completions whenever a shell starts: ~/.bashrc does at the first Tab.
