#include "workbench/cli/command.h"

namespace ablate {

const std::vector<AddCommand>& commands() {
  static const std::vector<AddCommand> all = {
      add_open,     //
      add_demo,     //
      add_options,  //
      add_train,    //
      add_launch,   //
      add_cluster,  //
      add_list,     //
      add_show,     //
      add_compare,  //
      add_export,   //
      add_mark,     //
      add_remove,   //
      add_restore,  //
      add_stop,     //
      add_resume,   //
      add_lr,       //
      add_predict,  //
      add_evaluate, add_average,  add_cost,       add_doctor,       add_lr_find,
      add_sweep,    add_priority, add_screenshot, add_queue_keeper,
  };
  return all;
}

const std::vector<std::string>& later_commands() {
  static const std::vector<std::string> names = {"data"};
  return names;
}

}  // namespace ablate
