#include "workbench/cli/command.h"

int main(int argc, char** argv) { return ablate::run_command_line(argc, argv); }
